"""moderator: the way from a comment to its decision, also when something fails on it."""

import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from moderation import Comment, Decision, Finding, Moderator, Policy, rules
from moderation.comment import CommentError
from moderation.moderator import BATCH
from moderation.policy import SHIPPED, Publication, RulePolicy, Thresholds
from moderation.scoring.models import Models
from moderation.text.reading import Text

Check = Callable[[Text, Any], Finding | None]
HOUSE = Publication.model_validate(tomllib.loads(SHIPPED.read_text("utf-8"))["house"])
NO_MODELS = Models({}, {})


def rule(name: str, check: Check, review: object = 0.5, reject: object = 0.9) -> RulePolicy:
    """Return a rule with this check."""
    thresholds = {"guideline": f"About {name}.", "review": review, "reject": reject}
    settings = rules.Settings
    return RulePolicy(
        rules.Rule(name, "", settings, check), Thresholds.model_validate(thresholds), settings()
    )


def finds(score: float, start: int = 0, end: int = 1) -> Check:
    """Return a check that always finds something."""
    return lambda text, _: Finding("fake", score, "A fault.", (text.span(start, end),))


def nothing(text: Text, settings: object) -> None:
    """A check that never finds anything."""


def fails(text: Text, settings: object) -> None:
    """A check that fails with the comment in its message."""
    raise ValueError(text.raw, settings)


def needs_a_model(text: Text, settings: object) -> None:
    """A check that reads a score that no model computed."""
    raise AssertionError(text.scores["toxicity"], settings)


def decide(*rules: RulePolicy, text: str = "Well said.") -> Decision:
    """Return the decision by these rules alone."""
    policy = Policy(HOUSE, {rule.name: rule for rule in rules}, {})
    return Moderator(policy, NO_MODELS).moderate(text)


def test_no_finding_no_reason() -> None:
    """A comment without findings is approved, without reasons."""
    decision = decide(rule("a", nothing))
    assert (str(decision.action), decision.reasons, decision.observed) == ("approve", (), ())


def test_strictest_action_wins_and_reasons_come_strictest_first() -> None:
    """Findings that act are reasons, strictest and highest first. The others are observed."""
    decision = decide(
        rule("below", finds(0.1)),
        rule("unsure", finds(0.6)),
        rule("sure", finds(0.95)),
        rule("surer", finds(0.7)),
    )
    assert str(decision.action) == "reject"
    assert [reason.guideline for reason in decision.reasons] == [
        "About sure.",
        "About surer.",
        "About unsure.",
    ]
    assert [reason.guideline for reason in decision.observed] == ["About below."]


def test_shadow_rule_is_observed() -> None:
    """Without thresholds a finding is observed and never acts."""
    decision = decide(rule("shadow", finds(1.0), "never", "never"))
    assert str(decision.action) == "approve"
    assert len(decision.observed) == 1


@pytest.mark.parametrize("broken", [fails, needs_a_model])
def test_a_failed_check_goes_to_review(broken: Check, caplog: pytest.LogCaptureFixture) -> None:
    """If the check of an acting rule fails, the comment goes to a person, with that reason."""
    decision = decide(rule("broken", broken), rule("sound", nothing), text="My secret.")
    assert str(decision.action) == "review"
    (reason,) = decision.reasons
    assert reason.rule == "broken"
    assert "could not be checked" in reason.finding.message
    assert "My secret" not in caplog.text
    assert "check broken failed" in caplog.text


@pytest.mark.parametrize("broken", [fails, needs_a_model])
def test_a_failed_check_in_shadow_does_not_act(broken: Check) -> None:
    """If the check of a rule in shadow fails, that is observed and does not act."""
    decision = decide(rule("broken", broken, "never", "never"))
    assert str(decision.action) == "approve"
    assert [reason.rule for reason in decision.observed] == ["broken"]


def test_a_failed_check_does_not_hide_a_rejection() -> None:
    """The other rules still run."""
    assert str(decide(rule("broken", fails), rule("sound", finds(1.0))).action) == "reject"


@pytest.mark.parametrize("around", ["{}", "Hello. {} Thanks!", "<b>\n{}"])
def test_test_sentence_is_always_rejected(around: str) -> None:
    """An operator can try a live system, even with every rule disabled."""
    off = {name: {"enabled": False} for name in rules.all_rules()}
    comment = around.format(HOUSE.test_sentence)
    decision = Moderator(Policy.load(off), NO_MODELS).moderate(comment)
    assert str(decision.action) == "reject"
    assert decision.reasons[0].finding.spans[0].text == HOUSE.test_sentence


def test_many_decisions_are_lazy_and_in_order() -> None:
    """Decisions are in the order of the comments, and at most one batch is read ahead."""
    consumed = 0

    def comments() -> Iterator[str]:
        nonlocal consumed
        for number in range(3 * BATCH):
            consumed += 1
            yield f"comment {number}"

    first_words = rule("a", lambda text, _: Finding("a", 1.0, text.raw))
    policy = Policy(HOUSE, {"a": first_words}, {})
    decisions = Moderator(policy, NO_MODELS).moderate_many(comments())
    assert next(decisions).reasons[0].finding.message == "comment 0"
    assert consumed == BATCH
    messages = [decision.reasons[0].finding.message for decision in decisions]
    assert messages == [f"comment {number}" for number in range(1, 3 * BATCH)]


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\ud800", "a" * 20_481])
def test_invalid_text_raises(text: str) -> None:
    """For empty, broken and overlong texts the error names the field."""
    with pytest.raises(CommentError, match=r"^text: "):
        decide(text=text)


def test_limit_is_the_policys() -> None:
    """The policy sets the longest comment."""
    moderator = Moderator(Policy.load({"house": {"max_bytes": 10}}), NO_MODELS)
    with pytest.raises(CommentError, match="the limit is 10"):
        moderator.moderate("eleven char")


def test_decision_as_json() -> None:
    """The JSON has the fixed shape, and spans are places in the text as received."""
    decision = decide(rule("fake", finds(0.7, 3, 5)), text="🙏 u&amp;i")
    document = decision.to_dict()
    assert list(document) == [
        "id",
        "action",
        "reasons",
        "observed",
        "scores",
        "language",
        "policy",
        "models",
        "took_ms",
    ]
    assert document["reasons"] == [
        {
            "rule": "fake",
            "guideline": "About fake.",
            "score": 0.7,
            "message": "A fault.",
            "spans": [{"start": 3, "end": 9, "text": "&amp;i"}],
            "suggestion": None,
            "action": "review",
        }
    ]


def test_loaded_moderator_is_the_shipped_one() -> None:
    """`Moderator.load()` has the shipped policy and models, and takes a comment or a string."""
    moderator = Moderator.load()
    assert moderator.policy.hash == Policy.load().hash
    first, second = moderator.moderate("Well said."), moderator.moderate(Comment("Well said."))
    assert (first.action, first.scores) == (second.action, second.scores)
    assert first.id != second.id


def test_without_explanations_it_decides_the_same() -> None:
    """Scores, rules and actions are the same. Only the marks of models are missing."""
    comments = [
        "You are an idiot, u know.",
        "THIS IS A SHAME FOR THE WHOLE TOWN",
        "Well said, sir.",
    ]
    full = Moderator.load()
    quick = Moderator(full.policy, full.models, explains=False)
    for explained, bare in zip(
        full.moderate_many(comments), quick.moderate_many(comments), strict=True
    ):
        assert bare.action == explained.action
        assert bare.scores == explained.scores
        assert [reason.rule for reason in bare.reasons] == [
            reason.rule for reason in explained.reasons
        ]
    spans = {reason.rule: reason.finding.spans for reason in quick.moderate(comments[0]).reasons}
    assert not spans["abuse"]
    assert spans["text_speak"]
