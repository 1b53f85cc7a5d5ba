"""Fixtures: the shipped rules with a fake scorer, so that no model's quality matters."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from api import App, create_app
from api.record import keys
from api.record.database import writing
from api.services import services_of
from moderation import Moderator, Policy
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight

EXAMPLE = "What kind of idiot name is foo? Sorry, I like your name."
FINE = "The council has built a fine bridge."
ANALYZE, SUGGEST = "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore"

WORDS = {
    "idiot": {"toxicity": 0.97, "insult": 0.9, "personal_attack": 0.95},
    "crap": {"toxicity": 0.7, "profanity": 0.8},
    "kill": {"threat": 0.99},
    "vermin": {"identity_attack": 0.6},
    "nude": {"sexually_explicit": 0.9},
    "casino": {"spam": 0.99},
    "gelogen": {"english": 0.02},
    "shambles": {"full_sentences": 0.2},
}
USUAL = {"english": 1.0, "full_sentences": 1.0}
HEADS = (
    "toxicity severe_toxicity insult profanity threat identity_attack sexually_explicit "
    "personal_attack spam english full_sentences"
).split()


class FakeScorer:
    """A scorer. Comments with a known word get its scores, all others the usual ones."""

    heads: tuple[str, ...] = tuple(HEADS)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return the scores of the last known word."""
        for text in texts:
            foreign = "gelogen" in text.clean
            text.notes["language"] = "de" if foreign else "en" if text.words else "zxx"
            text.notes["sentences"] = []
        return {head: np.array([self._score(head, text.clean) for text in texts]) for head in HEADS}

    def _score(self, head: str, clean: str) -> float:
        score = USUAL.get(head, 0.01)
        for word, scores in WORDS.items():
            score = scores.get(head, score) if word in clean else score
        return score

    def explain(self, *_: object) -> list[Weight]:
        """Return no explanation."""
        return []


def make(folder: Path, scorer: Any = None, **settings: Any) -> App:
    """Return a service with a new record in `folder`."""
    defaults = {
        "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
        "MODERATION_SPOOL": str(folder / "spool"),
    }
    models = Models({"all": scorer or FakeScorer()}, {"all": "2026-01"})
    return create_app(
        {"TESTING": True, **defaults, **settings}, moderator=Moderator(Policy.load(), models)
    )


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A service with an empty record and no keys."""
    return make(tmp_path)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """The service's test client."""
    return app.test_client()


def key(app: App, *scopes: str, rate: str = "") -> str:
    """Create a key and return its secret."""
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        return keys.create(session, "coral", list(scopes), rate, decider.clock())[1]


def analyze(client: FlaskClient, text: str = FINE, *names: str, **more: Any) -> TestResponse:
    """Call `comments:analyze` and return the answer."""
    wanted: dict[str, Any] = {name: {} for name in names or ("TOXICITY",)}
    body = {"comment": {"text": text}, "requestedAttributes": wanted, **more}
    return client.post(ANALYZE, json=body)


def values(client: FlaskClient, text: str, *names: str, **more: Any) -> dict[str, float]:
    """Return the summary scores by attribute."""
    answer = analyze(client, text, *names, **more)
    assert answer.status_code == 200, answer.text
    attributes = answer.get_json()["attributeScores"]
    return {name: scores["summaryScore"]["value"] for name, scores in attributes.items()}


def error(answer: TestResponse, status: int = 400) -> dict[str, Any]:
    """Return the error in an answer. Fails if there is none."""
    assert (answer.status_code, answer.mimetype) == (status, "application/json"), answer.text
    content: dict[str, Any] = answer.get_json()["error"]
    assert content["code"] == status
    assert content["details"]
    return content


@pytest.fixture
def url(app: App) -> Iterator[str]:
    """The address of the service behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
