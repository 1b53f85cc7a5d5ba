"""Our own API: decisions, batches, suggestions, guidelines, models and probes."""

import json
from collections.abc import Mapping, Sequence

import pytest
from flask.testing import FlaskClient

from api import create_app
from moderation import Moderator
from moderation.decision import Decision
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text
from tests.api.conftest import WordScorer, small_moderator

VARIABLE = ("id", "took_ms", "recorded", "comment_id", "revision")


def stable(decision: Decision | dict[str, object]) -> dict[str, object]:
    """Return the fields of a decision that are the same each time."""
    fields = decision.to_dict() if isinstance(decision, Decision) else decision
    return {key: value for key, value in fields.items() if key not in VARIABLE}


@pytest.mark.parametrize("text", ["Well said.", "u SHOUT 🙏 u idiot", "e\u0301\r\nA B &amp; C"])
def test_a_decision_is_the_moderators(client: FlaskClient, text: str) -> None:
    """The answer has the fields of `Decision.to_dict()` in the same order, and three more."""
    answer = client.post("/v1/moderate", json={"text": text})
    expected = small_moderator().moderate(text)
    assert answer.status_code == 200
    assert stable(answer.get_json()) == stable(expected)
    assert list(answer.get_json()) == [*expected.to_dict(), "recorded", "comment_id", "revision"]


def test_spans_count_code_points(client: FlaskClient) -> None:
    """Offsets are in Unicode code points, as in Python."""
    text = "👩‍👩‍👧 NOW"
    (reason,) = client.post("/v1/moderate", json={"text": text}).get_json()["reasons"]
    (span,) = reason["spans"]
    assert text[span["start"] : span["end"]] == span["text"] == "NOW"


def test_all_fields_are_accepted(client: FlaskClient) -> None:
    """A request may have all fields, with either name of the id."""
    fields = {"author": "7", "article": "Title", "parent": "No.", "format": "html", "dry_run": True}
    for name in ("id", "comment_id"):
        body = {"text": "<b>LOUD</b>", name: "c-1", **fields}
        answer = client.post("/v1/moderate", json=body)
        assert answer.status_code == 200
        assert answer.get_json()["reasons"][0]["spans"][0]["text"] == "LOUD"


def test_null_means_absent(client: FlaskClient) -> None:
    """An optional field may be null."""
    body = {"text": "Well said.", "id": None, "author": None, "article": None, "parent": None}
    assert client.post("/v1/moderate", json=body).status_code == 200


def test_a_batch_answers_each_in_order(client: FlaskClient) -> None:
    """An invalid item gets a problem with a pointer. The others get decisions, in their places."""
    items = [
        {"text": "Well said."},
        {"text": None},
        {"text": "u idiot"},
        "text",
        {"text": " "},
        {"text": "x" * 20_481},
        {"text": "LOUD", "colour": "red"},
        {"text": "LOUD"},
    ]
    answer = client.post("/v1/moderate/batch", json={"comments": items})
    assert answer.status_code == 200
    results = answer.get_json()["decisions"]
    assert [item.get("action") or item["errors"][0]["pointer"] for item in results] == [
        "approve",
        "/comments/1/text",
        "reject",
        "/comments/3",
        "/comments/4/text",
        "/comments/5/text",
        "/comments/6/colour",
        "review",
    ]


def test_a_full_batch(client: FlaskClient) -> None:
    """A thousand comments get the same decisions as each alone."""
    texts = [f"Comment {n}" if n % 3 else f"COMMENT {n} u" for n in range(1000)]
    answer = client.post(
        "/v1/moderate/batch", json={"comments": [{"text": text} for text in texts]}
    )
    alone = [stable(decision) for decision in small_moderator().moderate_many(texts)]
    assert [stable(decision) for decision in answer.get_json()["decisions"]] == alone


@pytest.mark.parametrize(
    "comments", [[], [{"text": "a"}] * 1001, None, {}, "text"], ids=lambda value: str(value)[:20]
)
def test_an_invalid_batch(client: FlaskClient, comments: object) -> None:
    """An empty list, more than a thousand comments and anything but a list are refused."""
    answer = client.post("/v1/moderate/batch", json={"comments": comments})
    assert answer.status_code == 422
    (mistake,) = answer.get_json()["errors"]
    assert mistake["pointer"] == "/comments"
    assert mistake["detail"].startswith("must ")


def test_guidelines(client: FlaskClient) -> None:
    """Each rule has its guideline and thresholds. One without thresholds is in shadow."""
    answer = client.get("/v1/guidelines").get_json()
    assert answer["name"] == "The Test Herald"
    assert {rule["rule"]: rule["shadow"] for rule in answer["rules"]} == {
        "shouting": False,
        "text_speak": True,
        "abuse": False,
    }
    assert answer["rules"][0] == {
        "rule": "shouting",
        "guideline": "Do not write in capitals.",
        "review": 0.6,
        "reject": None,
        "shadow": False,
    }
    assert "test_sentence" not in json.dumps(answer)


def test_models_in_use(client: FlaskClient) -> None:
    """The list has each champion with its version."""
    (model,) = client.get("/v1/models").get_json()["models"]
    assert (model["name"], model["version"]) == ("abuse", "2026-01")


def test_probes(client: FlaskClient) -> None:
    """Both answer ok. `/readyz` says how many decisions wait for the database."""
    for path, more in (("/healthz", {}), ("/readyz", {"waiting": 0})):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", **more})


class BrokenScorer(WordScorer):
    """A model that always fails."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Raise an error."""
        raise RuntimeError(str(len(texts)))


def test_a_model_that_fails() -> None:
    """`/readyz` names the missing scores. Comments go to a person."""
    policy = small_moderator().policy
    moderator = Moderator(policy, Models({"abuse": BrokenScorer()}, {"abuse": "2026-01"}))
    client = create_app(moderator=moderator).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "toxicity" in json.loads(answer.data)["detail"]
    assert client.post("/v1/moderate", json={"text": "Hm."}).get_json()["action"] == "review"
    assert client.get("/healthz").status_code == 200


def test_a_suggestion_can_be_applied(client: FlaskClient) -> None:
    """Each change has its place in the text as received. All together give the new text."""
    text = "👍🏽 i think u r right &amp; plz say so"
    answer = client.post("/v1/suggest", json={"text": text}).get_json()
    assert answer["text"] == "👍🏽 I think you are right &amp; please say so"
    corrected = text
    for change in reversed(answer["changes"]):
        assert text[change["start"] : change["end"]] == change["text"]
        corrected = corrected[: change["start"]] + change["instead"] + corrected[change["end"] :]
    assert corrected == answer["text"]


def test_nothing_to_suggest(client: FlaskClient) -> None:
    """A comment without mistakes is returned unchanged. An empty one is refused."""
    assert client.post("/v1/suggest", json={"text": "Well said."}).get_json() == {
        "text": "Well said.",
        "changes": [],
    }
    assert client.post("/v1/suggest", json={"text": " "}).status_code == 422
