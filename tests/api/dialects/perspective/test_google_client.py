"""google-api-python-client, unchanged, by its `discoveryServiceUrl` alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from api import App
from tests.api.dialects.perspective.conftest import EXAMPLE, FINE, key

GOLDEN = Path(__file__).with_name("google_client.json")


@pytest.fixture
def comments(app: App, url: str) -> Any:
    """The client's methods for comments, with a valid key."""
    return connect(url, key(app, "decide", "verdict"))


def connect(url: str, secret: str) -> Any:
    """Build the client as in Perspective's docs, except for the address."""
    return build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=secret,
        discoveryServiceUrl=f"{url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    ).comments()


def failing(request: Any) -> dict[str, Any]:
    """Return the client's exception as a dictionary."""
    with pytest.raises(HttpError) as caught:
        request.execute()
    error = caught.value
    return {"status": error.status_code, "reason": error.reason, "details": error.error_details}


def test_what_it_receives(comments: Any, url: str) -> None:
    """Scores, spans, a suggestion and errors equal the golden file."""
    body = {
        "comment": {"text": EXAMPLE},
        "requestedAttributes": {"TOXICITY": {}, "INSULT": {"scoreThreshold": 0.2}},
        "languages": ["en"],
        "spanAnnotations": True,
        "clientToken": "one",
    }
    scores = {"TOXICITY": {"summaryScore": {"value": 0}}}
    suggestion = {"comment": {"text": FINE}, "attributeScores": scores, "clientToken": "two"}
    unknown = {"comment": {"text": FINE}, "requestedAttributes": {"FLIRTATION": {}}}
    received = {
        "analyze": comments.analyze(body=body).execute(),
        "suggestscore": comments.suggestscore(body=suggestion).execute(),
        "empty": failing(comments.analyze(body={})),
        "unknown attribute": failing(comments.analyze(body=unknown)),
        "bad key": failing(connect(url, "nonsense").analyze(body=body)),
    }
    assert received == json.loads(GOLDEN.read_text("utf-8"))
