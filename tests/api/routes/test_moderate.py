"""Our own API: what it answers, and what it refuses."""

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
from tests.api.conftest import WordReader, small_moderator

UNTOLD = ("id", "took_ms", "recorded", "comment_id", "revision")


def told(decision: Decision | dict[str, object]) -> dict[str, object]:
    """A decision without what differs from one time to the next."""
    whole = decision.to_dict() if isinstance(decision, Decision) else decision
    return {key: value for key, value in whole.items() if key not in UNTOLD}


@pytest.mark.parametrize("text", ["Well said.", "u SHOUT 🙏 u idiot", "e\u0301\r\nA B &amp; C"])
def test_a_decision_is_the_moderators(client: FlaskClient, text: str) -> None:
    """The answer is `Decision.to_dict()`, key for key and in its order."""
    answer = client.post("/v1/moderate", json={"text": text})
    expected = small_moderator().moderate(text)
    assert answer.status_code == 200
    assert told(answer.get_json()) == told(expected)
    assert list(answer.get_json()) == [*expected.to_dict(), "recorded", "comment_id", "revision"]


def test_spans_count_code_points(client: FlaskClient) -> None:
    """An emoji before a mark is one code point, as Python counts."""
    text = "👩‍👩‍👧 NOW"
    (reason,) = client.post("/v1/moderate", json={"text": text}).get_json()["reasons"]
    (span,) = reason["spans"]
    assert text[span["start"] : span["end"]] == span["text"] == "NOW"


def test_all_fields_are_read(client: FlaskClient) -> None:
    """Everything that may stand in a request, under either name of the id."""
    known = {"author": "7", "article": "Title", "parent": "No.", "format": "html", "dry_run": True}
    for name in ("id", "comment_id"):
        body = {"text": "<b>LOUD</b>", name: "c-1", **known}
        answer = client.post("/v1/moderate", json=body)
        assert answer.status_code == 200
        assert answer.get_json()["reasons"][0]["spans"][0]["text"] == "LOUD"


def test_null_is_as_not_given(client: FlaskClient) -> None:
    """An optional field may be null."""
    body = {"text": "Well said.", "id": None, "author": None, "article": None, "parent": None}
    assert client.post("/v1/moderate", json=body).status_code == 200


def test_a_batch_answers_each_in_order(client: FlaskClient) -> None:
    """A bad item is refused with a pointer to it; the others are decided, in their places."""
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
    got = answer.get_json()["decisions"]
    assert [one.get("action") or one["errors"][0]["pointer"] for one in got] == [
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
    """A thousand comments are decided as each would be alone."""
    texts = [f"Comment {n}" if n % 3 else f"COMMENT {n} u" for n in range(1000)]
    answer = client.post("/v1/moderate/batch", json={"comments": [{"text": t} for t in texts]})
    alone = [told(decision) for decision in small_moderator().moderate_many(texts)]
    assert [told(one) for one in answer.get_json()["decisions"]] == alone


@pytest.mark.parametrize(
    "comments", [[], [{"text": "a"}] * 1001, None, {}, "text"], ids=lambda value: str(value)[:20]
)
def test_not_a_batch(client: FlaskClient, comments: object) -> None:
    """None, more than a thousand, or no list at all is refused as a whole."""
    answer = client.post("/v1/moderate/batch", json={"comments": comments})
    assert answer.status_code == 422
    (mistake,) = answer.get_json()["errors"]
    assert mistake["pointer"] == "/comments"
    assert mistake["detail"].startswith("must ")


def test_guidelines_say_what_acts(client: FlaskClient) -> None:
    """Each rule with its sentence and thresholds; one without them is said to watch only."""
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
    """Every champion stands in the list with its version."""
    (model,) = client.get("/v1/models").get_json()["models"]
    assert (model["name"], model["version"]) == ("abuse", "2026-01")


def test_alive_and_ready(client: FlaskClient) -> None:
    """Both answer ok while all is well; readiness tells how many decisions wait for the record."""
    for path, more in (("/healthz", {}), ("/readyz", {"waiting": 0})):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", **more})


class SilentReader(WordReader):
    """A model that fails whenever it is asked."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Fails."""
        raise RuntimeError(str(len(texts)))


def test_a_model_that_fails() -> None:
    """Readiness names the scores that are missing; comments still go to a person."""
    policy = small_moderator().policy
    moderator = Moderator(policy, Models({"abuse": SilentReader()}, {"abuse": "2026-01"}))
    client = create_app(moderator=moderator).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "toxicity" in json.loads(answer.data)["detail"]
    assert client.post("/v1/moderate", json={"text": "Hm."}).get_json()["action"] == "review"
    assert client.get("/healthz").status_code == 200


def test_a_suggestion_can_be_applied(client: FlaskClient) -> None:
    """Each change names a place in the text as received; together they make the new text."""
    text = "👍🏽 i think u r right &amp; plz say so"
    answer = client.post("/v1/suggest", json={"text": text}).get_json()
    assert answer["text"] == "👍🏽 I think you are right &amp; please say so"
    made = text
    for change in reversed(answer["changes"]):
        assert text[change["start"] : change["end"]] == change["text"]
        made = made[: change["start"]] + change["instead"] + made[change["end"] :]
    assert made == answer["text"]


def test_nothing_to_suggest(client: FlaskClient) -> None:
    """A comment that is well written comes back as it is; one that cannot be read is refused."""
    assert client.post("/v1/suggest", json={"text": "Well said."}).get_json() == {
        "text": "Well said.",
        "changes": [],
    }
    assert client.post("/v1/suggest", json={"text": " "}).status_code == 422
