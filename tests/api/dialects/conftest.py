"""Fixtures: the shipped rules with a fake scorer that knows a few words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from api import App, create_app
from api.record import keys
from api.record.database import writing
from api.services import services_of
from moderation import Moderator, Policy
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight

SECRET = "empsec_0123456789abcdef"  # noqa: S105 - the tests' own
OLD_SECRET = "empsec_fedcba9876543210"  # noqa: S105 - the tests' own

FINE = "The council has built a fine bridge."
DOUBTFUL = "The mayor is, you know, a bungler."
REJECTED = "You are an idiot, sir."
SPAM = "Visit the best casino in town."

WORDS = {
    "bungler": {"insult": 0.7, "toxicity": 0.7},
    "idiot": {"insult": 0.97, "toxicity": 0.97, "personal_attack": 0.97},
    "kill": {"threat": 0.97, "toxicity": 0.97},
    "vermin": {"identity_attack": 0.97},
    "nude": {"sexually_explicit": 0.97},
    "casino": {"spam": 0.999},
}
HEADS = (
    "toxicity severe_toxicity insult profanity threat identity_attack sexually_explicit "
    "personal_attack spam"
).split()


class FakeScorer:
    """A scorer. Comments with a known word get its scores, all others 0.01."""

    heads: tuple[str, ...] = tuple(HEADS)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return each head's highest score of the known words."""
        return {head: np.array([self._score(head, text.clean) for text in texts]) for head in HEADS}

    def _score(self, head: str, clean: str) -> float:
        matches = (scores.get(head, 0.01) for word, scores in WORDS.items() if word in clean)
        return max(matches, default=0.01)

    def explain(self, *_: object) -> list[Weight]:
        """Return no explanation."""
        return []


def moderator(scorer: Any = None) -> Moderator:
    """Return a moderator with the shipped policy, except the rules without a model here."""
    policy = Policy.load({name: {"enabled": False} for name in ("language", "full_sentences")})
    return Moderator(policy, Models({"abuse": scorer or FakeScorer()}, {"abuse": "2026-01"}))


def make(folder: Path, scorer: Any = None, **settings: Any) -> App:
    """Return a service with a new record in `folder`."""
    defaults = {
        "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
        "MODERATION_SPOOL": str(folder / "spool"),
        "MODERATION_CORAL_SECRETS": f"{SECRET},{OLD_SECRET}",
        "MODERATION_CORAL_BUDGET_MS": 10_000,
        **settings,
    }
    return create_app({"TESTING": True, **defaults}, moderator=moderator(scorer))


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
        return keys.create(session, "the blog", list(scopes), rate, decider.clock())[1]


def decided(app: App) -> list[dict[str, Any]]:
    """Return the recorded decisions, oldest first."""
    client = app.test_client()
    headers = {"Authorization": f"Bearer {key(app, 'admin')}"}
    lines = client.get("/v1/export", headers=headers).get_data(as_text=True).splitlines()
    return [json.loads(line) for line in lines]


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
