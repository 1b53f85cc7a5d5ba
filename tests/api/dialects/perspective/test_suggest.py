"""`comments:suggestscore`, and Coral's requests to Perspective."""

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

# Coral's request bodies, from server/src/core/server/services/perspective and its moderation phase.
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
    """Call `comments:suggestscore` and return the answer."""
    scores = {"TOXICITY": {"summaryScore": {"value": value}}}
    return client.post(SUGGEST, json={"comment": {"text": text}, "attributeScores": scores, **more})


def record(client: FlaskClient) -> list[dict[str, Any]]:
    """Return all recorded decisions, oldest first."""
    return [json.loads(line) for line in client.get("/v1/export").text.splitlines()]


def verdicts(decision: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the route, action and reason of each verdict on a decision."""
    return [
        (verdict["route"], verdict["action"], verdict["reason"])
        for verdict in decision["history"]["verdicts"]
    ]


@pytest.mark.parametrize("model", ["TOXICITY", "LIKELY_TO_REJECT", "HOUSE_RULES"])
def test_coral_asks(app: App, client: FlaskClient, model: str) -> None:
    """Coral's request gets the score that Coral reads."""
    sent = CORAL_ANALYZE % model
    path = f"{ANALYZE}?key={key(app, 'decide', 'verdict', 'admin')}"
    answer = client.post(path, data=sent, headers=CORAL_HEADERS)
    assert answer.status_code == 200
    assert answer.get_json()["attributeScores"][model]["summaryScore"]["value"] >= 0.8


def test_coral_gives_feedback(client: FlaskClient) -> None:
    """Each action of Coral's moderators is a verdict. The last one counts."""
    client.post(ANALYZE, data=CORAL_ANALYZE % "TOXICITY", headers=CORAL_HEADERS)
    for value in (1, 0):
        answer = client.post(SUGGEST, data=CORAL_SUGGEST % value, headers=CORAL_HEADERS)
        assert answer.get_json() == {
            "clientToken": "comment:c1",
            "requestedLanguages": ["en"],
            "detectedLanguages": ["en"],
        }
    analyzed, suggested = record(client)
    assert (analyzed["route"], analyzed["text"], verdicts(analyzed)) == ("perspective", None, [])
    assert (suggested["route"], suggested["text"]) == ("suggestscore", "You are an idiot, sir.")
    assert (suggested["comment_id"], suggested["standing"]) == ("comment:c1", "approve")
    assert verdicts(suggested) == [
        ("suggestscore", "reject", "TOXICITY 1"),
        ("suggestscore", "approve", "TOXICITY 0"),
    ]


@pytest.mark.parametrize(
    ("analyzed", "suggested", "same"),
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
    client: FlaskClient, analyzed: dict[str, Any], suggested: dict[str, Any], same: bool
) -> None:
    """The verdict belongs to the same comment, and never to another one with the same text."""
    analyze(client, FINE, **analyzed)
    assert suggest(client, FINE, **suggested).status_code == 200
    decisions = record(client)
    assert len(decisions) == (1 if same else 2)
    assert verdicts(decisions[-1]) == [("suggestscore", "reject", "TOXICITY 1")]


def test_a_suggestion_need_not_be_stored(client: FlaskClient) -> None:
    """With `doNotStore` the verdict is recorded without the text."""
    suggest(client, "You are an idiot, sir.", doNotStore=True)
    (decision,) = record(client)
    assert (decision["text"], decision["standing"]) == (None, "reject")


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
    """A score of at least 0.5 for any attribute rejects."""
    body = {"comment": {"text": FINE}, "attributeScores": scores}
    assert client.post(SUGGEST, json=body).status_code == 200
    assert record(client)[0]["standing"] == action


@pytest.mark.parametrize("model", ["LIKELY_TO_REJECT", "HOUSE_RULES"])
def test_suggestions_about_the_whole_policy(client: FlaskClient, model: str) -> None:
    """They are no labels of a score, so the verdict has the route 'perspective'."""
    sent = (CORAL_SUGGEST % 1).replace("TOXICITY", model)
    client.post(SUGGEST, data=sent, headers=CORAL_HEADERS)
    (decision,) = record(client)
    assert verdicts(decision) == [("perspective", "reject", f"{model} 1")]


def test_the_reason_has_the_scores(client: FlaskClient) -> None:
    """Training reads them, so they have no exponents, versions or `_EXPERIMENTAL`."""
    scores = {"TOXICITY@6": 0.00001, "INSULT_EXPERIMENTAL": 0.75, "SPAM": 1}
    sent = {name: {"summaryScore": {"value": value}} for name, value in scores.items()}
    client.post(SUGGEST, json={"comment": {"text": FINE}, "attributeScores": sent})
    (decision,) = record(client)
    assert verdicts(decision) == [("suggestscore", "reject", "TOXICITY 0, INSULT 0.75, SPAM 1")]


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
    """Errors have the same format as those of `analyze`."""
    content = error(client.post(SUGGEST, json={"comment": {"text": FINE}, **body}))
    assert (content["message"], content["details"][0]["errorType"]) == (message, kind)


def test_a_score_out_of_range(client: FlaskClient) -> None:
    """The error names the field."""
    assert "summary" in error(suggest(client, value=2))["message"].lower()


def test_while_the_record_is_away(app: App, client: FlaskClient) -> None:
    """A verdict cannot wait in the spool, so the client is told to retry."""
    services_of(app).decider.circuit.failed(SQLAlchemyError("away"))
    answer = suggest(client)
    assert error(answer, 503)["status"] == "UNAVAILABLE"
    assert answer.headers["Retry-After"]
