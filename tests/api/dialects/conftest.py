"""The shipped rules over a reader that knows a few words, behind a real socket."""

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


class Reader:
    """Gives a word's scores to every comment that holds it, and 0.01 to all others."""

    heads: tuple[str, ...] = tuple(HEADS)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """The highest of what the words say."""
        return {head: np.array([self._score(head, text.clean) for text in texts]) for head in HEADS}

    def _score(self, head: str, clean: str) -> float:
        found = (scores.get(head, 0.01) for word, scores in WORDS.items() if word in clean)
        return max(found, default=0.01)

    def explain(self, *_: object) -> list[Weight]:
        """Nothing to explain."""
        return []


def moderator(reader: Any = None) -> Moderator:
    """The shipped policy, but for the rules whose models are not here."""
    policy = Policy.load({name: {"enabled": False} for name in ("language", "full_sentences")})
    return Moderator(policy, Models({"abuse": reader or Reader()}, {"abuse": "2026-01"}))


def make(folder: Path, reader: Any = None, **settings: Any) -> App:
    """A service with a record of its own."""
    own = {
        "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
        "MODERATION_SPOOL": str(folder / "spool"),
        "MODERATION_CORAL_SECRETS": f"{SECRET},{OLD_SECRET}",
        "MODERATION_CORAL_BUDGET_MS": 10_000,
        **settings,
    }
    return create_app({"TESTING": True, **own}, moderator=moderator(reader))


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An empty record, open to all."""
    return make(tmp_path)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Its test client."""
    return app.test_client()


def key(app: App, *scopes: str, rate: str = "") -> str:
    """The secret of a new key."""
    keeper = services_of(app).decider
    with writing(keeper.sessions) as session:
        return keys.create(session, "the blog", list(scopes), rate, keeper.clock())[1]


def decided(app: App) -> list[dict[str, Any]]:
    """What the record holds, oldest first."""
    reader = app.test_client()
    headers = {"Authorization": f"Bearer {key(app, 'admin')}"}
    lines = reader.get("/v1/export", headers=headers).get_data(as_text=True).splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def url(app: App) -> Iterator[str]:
    """The service behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
