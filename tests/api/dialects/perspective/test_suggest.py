"""`comments:suggestscore`, and Coral as it speaks to Perspective."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.test import TestResponse

from api import App
from api.services import services_of
from tests.api.dialects.perspective.conftest import (
    ANALYZE,
    FINE,
    SUGGEST,
    analyze,
    error,
    key,
)

# As Coral writes them: server/src/core/server/services/perspective and the moderation phase.
CORAL_ANALYZE = (
    '{"comment":{"text":"You are an idiot, sir."},"doNotStore":true,'
    '"requestedAttributes":{"%s":{}},"languages":["en"]}'
)
CORAL_SUGGEST = (
    '{"comment":{"text":"You are an idiot, sir."},"context":{"entries":[{"text":'
    '"{\\"url\\":\\"https://herald.example/a-story?commentID=c1\\",'
    '\\"reply_to_id_Coral_comment_id\\":\\"c0\\",\\"Coral_comment_id\\":\\"c1\\"}"}]},'
    '"attributeScores":{"TOXICITY":{"summaryScore":{"value":%d}}},"languages":["en"],'
    '"communityId":"Coral:https://coral.herald.example","clientToken":"comment:c1"}'
)
CORAL_HEADERS = {"Content-Type": "application/json", "User-Agent": "Coral Perspective/9.9.0"}


def suggest(client: FlaskClient, text: str = FINE, value: float = 1, **more: Any) -> TestResponse:
    """An answer of `comments:suggestscore`."""
    scores = {"TOXICITY": {"summaryScore": {"value": value}}}
    return client.post(SUGGEST, json={"comment": {"text": text}, "attributeScores": scores, **more})


def record(client: FlaskClient) -> list[dict[str, Any]]:
    """All decisions kept, oldest first."""
    return [json.loads(line) for line in client.get("/v1/export").text.splitlines()]


def verdicts(kept: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Who said what of a decision, and in which words."""
    return [(it["route"], it["action"], it["reason"]) for it in kept["history"]["verdicts"]]


@pytest.mark.parametrize("model", ["TOXICITY", "LIKELY_TO_REJECT", "HOUSE_RULES"])
def test_coral_asks(app: App, client: FlaskClient, model: str) -> None:
    """Its own body by its own address; what it reads is there, and the text is not kept."""
    sent = CORAL_ANALYZE % model
    path = f"{ANALYZE}?key={key(app, 'decide', 'verdict', 'admin')}"
    answer = client.post(path, data=sent, headers=CORAL_HEADERS)
    assert answer.status_code == 200
    assert answer.get_json()["attributeScores"][model]["summaryScore"]["value"] >= 0.8


def test_coral_gives_feedback(client: FlaskClient) -> None:
    """Each decision of its moderators is a verdict with the text, for training; the last stands."""
    client.post(ANALYZE, data=CORAL_ANALYZE % "TOXICITY", headers=CORAL_HEADERS)
    for value in (1, 0):
        answer = client.post(SUGGEST, data=CORAL_SUGGEST % value, headers=CORAL_HEADERS)
        assert answer.get_json() == {
            "clientToken": "comment:c1",
            "requestedLanguages": ["en"],
            "detectedLanguages": ["en"],
        }
    asked, told = record(client)
    assert (asked["route"], asked["text"], verdicts(asked)) == ("perspective", None, [])
    assert (told["route"], told["text"]) == ("suggestscore", "You are an idiot, sir.")
    assert (told["comment_id"], told["standing"]) == ("comment:c1", "approve")
    assert verdicts(told) == [
        ("suggestscore", "reject", "TOXICITY 1"),
        ("suggestscore", "approve", "TOXICITY 0"),
    ]


@pytest.mark.parametrize(
    ("asked", "told", "same"),
    [
        ({}, {}, True),
        ({"clientToken": "a"}, {"clientToken": "a"}, True),
        ({}, {"clientToken": "a", "communityId": "herald"}, True),
        ({"communityId": "herald"}, {"communityId": "herald"}, True),
        ({"clientToken": "a"}, {"clientToken": "b"}, False),
        ({"clientToken": "a"}, {}, False),
        ({"communityId": "herald"}, {"communityId": "times"}, False),
        ({"doNotStore": True}, {}, False),
    ],
)
def test_which_decision_is_meant(
    client: FlaskClient, asked: dict[str, Any], told: dict[str, Any], same: bool
) -> None:
    """The one about the same comment, and never one about another's with the same words."""
    analyze(client, FINE, **asked)
    assert suggest(client, FINE, **told).status_code == 200
    kept = record(client)
    assert len(kept) == (1 if same else 2)
    assert verdicts(kept[-1]) == [("suggestscore", "reject", "TOXICITY 1")]


def test_a_suggestion_need_not_be_stored(client: FlaskClient) -> None:
    """The verdict is kept, the text is not."""
    suggest(client, "You are an idiot, sir.", doNotStore=True)
    (kept,) = record(client)
    assert (kept["text"], kept["standing"]) == (None, "reject")


@pytest.mark.parametrize(
    ("scores", "action"),
    [
        ({"TOXICITY": {"summaryScore": {"value": 0.5}}}, "reject"),
        ({"TOXICITY": {"summaryScore": {"value": 0.49, "type": "PROBABILITY"}}}, "approve"),
        (
            {"TOXICITY": {"summaryScore": {"value": 0}}, "SPAM": {"summaryScore": {"value": 1}}},
            "reject",
        ),
        ({"THREAT": {"spanScores": [{"begin": 0, "end": 3, "score": {"value": 0.9}}]}}, "reject"),
    ],
)
def test_what_a_suggestion_says(client: FlaskClient, scores: Any, action: str) -> None:
    """From a half on of any attribute the comment should have been refused."""
    body = {"comment": {"text": FINE}, "attributeScores": scores}
    assert client.post(SUGGEST, json=body).status_code == 200
    assert record(client)[0]["standing"] == action


@pytest.mark.parametrize("model", ["LIKELY_TO_REJECT", "HOUSE_RULES"])
def test_of_the_policy_as_a_whole(client: FlaskClient, model: str) -> None:
    """It says nothing of one score: it is a verdict like those of our own API."""
    sent = (CORAL_SUGGEST % 1).replace("TOXICITY", model)
    client.post(SUGGEST, data=sent, headers=CORAL_HEADERS)
    (kept,) = record(client)
    assert verdicts(kept) == [("perspective", "reject", f"{model} 1")]


def test_training_reads_the_words(client: FlaskClient) -> None:
    """The scores stand in the reason without exponents, versions and twins."""
    scores = {"TOXICITY@6": 0.00001, "INSULT_EXPERIMENTAL": 0.75, "SPAM": 1}
    told = {name: {"summaryScore": {"value": value}} for name, value in scores.items()}
    client.post(SUGGEST, json={"comment": {"text": FINE}, "attributeScores": told})
    (kept,) = record(client)
    assert verdicts(kept) == [("suggestscore", "reject", "TOXICITY 0, INSULT 0.75, SPAM 1")]


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({}, "INVALID_REQUEST", "Missing attribute_scores"),
        (
            {"attributeScores": {"TOXICITY": {}}},
            "INVALID_REQUEST",
            "Missing score of attribute TOXICITY",
        ),
        (
            {"attributeScores": {"FLIRTATION": {"summaryScore": {"value": 1}}}},
            "INVALID_REQUEST",
            "Unknown requested attribute: FLIRTATION",
        ),
        (
            {
                "comment": {"text": ""},
                "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
            },
            "COMMENT_EMPTY",
            "Comment must be non-empty.",
        ),
    ],
)
def test_refusals(client: FlaskClient, body: Any, kind: str, message: str) -> None:
    """In the same envelope as those of `analyze`."""
    found = error(client.post(SUGGEST, json={"comment": {"text": FINE}, **body}))
    assert (found["message"], found["details"][0]["errorType"]) == (message, kind)


def test_a_score_out_of_range(client: FlaskClient) -> None:
    """Names the field."""
    assert "summary" in error(suggest(client, value=2))["message"].lower()


def test_while_the_record_is_away(app: App, client: FlaskClient) -> None:
    """A verdict cannot wait; the client is told to come again."""
    services_of(app).decider.circuit.failed(SQLAlchemyError("away"))
    answer = suggest(client)
    assert error(answer, 503)["status"] == "UNAVAILABLE"
    assert answer.headers["Retry-After"]
