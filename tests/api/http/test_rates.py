"""Rates count requests and comments in every dialect, and headers say what is left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import App
from api.dialects.coral import signature
from api.http.rates import LARGEST
from api.services import services_of
from tests.api.dialects.conftest import FINE, SECRET, key, make

KIB = "Well said. " * 93 + "x"  # 1,024 bytes
RATE = "1000 per second"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A service."""
    return make(tmp_path)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Its client."""
    return app.test_client()


def left(answer: Any) -> dict[str, int]:
    """Return what the header `RateLimit` says is left, by the limit's name."""
    return {
        name: int(n)
        for name, n in re.findall(r'"(\w+)";r=(\d+);t=\d+', answer.headers["RateLimit"])
    }


def own(client: FlaskClient, secret: str, text: str) -> Any:
    """Send a comment to our own API."""
    headers = {"Authorization": f"Bearer {secret}"}
    return client.post("/v1/moderate", json={"text": text}, headers=headers)


def batch(client: FlaskClient, secret: str, text: str) -> Any:
    """Send it in a batch."""
    headers = {"Authorization": f"Bearer {secret}"}
    return client.post("/v1/moderate/batch", json={"comments": [{"text": text}]}, headers=headers)


def suggest(client: FlaskClient, secret: str, text: str) -> Any:
    """Ask for suggestions."""
    headers = {"Authorization": f"Bearer {secret}"}
    return client.post("/v1/suggest", json={"text": text}, headers=headers)


def perspective(client: FlaskClient, secret: str, text: str) -> Any:
    """Send it as clients of Perspective do."""
    body = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "languages": ["en"]}
    return client.post(f"/v1alpha1/comments:analyze?key={secret}", json=body)


def suggestscore(client: FlaskClient, secret: str, text: str) -> Any:
    """Send it with a suggested score."""
    scores = {"TOXICITY": {"summaryScore": {"value": 0.9}}}
    body = {"comment": {"text": text}, "attributeScores": scores}
    return client.post(f"/v1alpha1/comments:suggestscore?key={secret}", json=body)


def openai(client: FlaskClient, secret: str, text: str) -> Any:
    """Send it as clients of OpenAI do."""
    headers = {"Authorization": f"Bearer {secret}"}
    return client.post("/v1/moderations", json={"input": text}, headers=headers)


def akismet(client: FlaskClient, secret: str, text: str) -> Any:
    """Send it as clients of Akismet do."""
    data = {"api_key": secret, "blog": "https://herald.example", "comment_content": text}
    return client.post("/1.1/comment-check", data=data)


def submit(client: FlaskClient, secret: str, text: str) -> Any:
    """Submit it as spam."""
    data = {"api_key": secret, "blog": "https://herald.example", "comment_content": text}
    return client.post("/1.1/submit-spam", data=data)


def coral(client: FlaskClient, _: str, text: str) -> Any:
    """Send it as Coral does."""
    call = {"action": "NEW", "comment": {"body": text}, "author": {"id": "a"}, "story": {"id": "s"}}
    raw = json.dumps(call).encode()
    headers = {"X-Coral-Signature": signature(SECRET, raw)}
    return client.post("/coral/plain", data=raw, headers=headers)


DIALECTS = [own, batch, suggest, perspective, suggestscore, openai, akismet, submit, coral]


@pytest.mark.parametrize("send", DIALECTS)
def test_comments_and_bytes_are_counted(app: App, client: FlaskClient, send: Any) -> None:
    """A short comment counts once, and a long one once for each KiB that has begun."""
    secret = key(app, "admin", rate=RATE)
    before = left(send(client, secret, FINE))
    assert before["comments"] >= LARGEST - 1 or send is coral
    for text, count in ((FINE, 1), (KIB, 1), (KIB + "y", 2), (KIB * 9 + "y", 10)):
        answer = send(client, secret, text)
        assert answer.status_code in (200, 204)
        assert before["comments"] - left(answer)["comments"] == count
        before = left(answer)


def test_a_batch_counts_its_comments(app: App, client: FlaskClient) -> None:
    """So do the inputs of OpenAI's clients."""
    secret = key(app, "decide", rate=RATE)
    headers = {"Authorization": f"Bearer {secret}"}
    comments = [{"text": f"{FINE} {number}"} for number in range(40)]
    answer = client.post("/v1/moderate/batch", json={"comments": comments}, headers=headers)
    assert left(answer)["comments"] == LARGEST - 40
    answer = client.post("/v1/moderations", json={"input": [FINE] * 3}, headers=headers)
    assert left(answer)["comments"] == LARGEST - 43


@pytest.mark.parametrize("send", DIALECTS)
def test_comments_are_used_up(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, send: Any
) -> None:
    """The answer is 429 with `Retry-After`, but Coral's comment is withheld for a person."""
    monkeypatch.setattr("api.http.rates.LARGEST", 3)
    services_of(app).authenticator.meter.default_rate = "4 per hour"
    secret = key(app, "admin", rate="4 per hour")
    assert send(client, secret, FINE).status_code in (200, 204)
    assert left(send(client, secret, KIB * 3))["comments"] == 0
    answer = send(client, secret, FINE)
    if send is coral:
        assert answer.get_json()["status"] == "SYSTEM_WITHHELD"
        assert left(answer) == {"requests": 1, "comments": 0}
    else:
        assert answer.status_code == 429
        assert 3_500 < int(answer.headers["Retry-After"]) <= 3_600
        assert left(answer)["comments"] == 0


def test_the_headers(app: App, client: FlaskClient) -> None:
    """They name both limits of the key's rate. Without a key there are none."""
    assert "RateLimit" not in own(client, "anything", FINE).headers
    secret = key(app, "decide", rate="50 per second")
    answer = own(client, secret, FINE)
    assert answer.headers["RateLimit-Policy"] == '"requests";q=50;w=1, "comments";q=5000;w=100'
    assert left(answer) == {"requests": 49, "comments": 4999}
