"""moderator: the journey, and what becomes of a comment when something breaks on it."""

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
    """A rule of our own."""
    thresholds = {"guideline": f"About {name}.", "review": review, "reject": reject}
    settings = rules.Settings
    return RulePolicy(
        rules.Rule(name, "", settings, check), Thresholds.model_validate(thresholds), settings()
    )


def finds(score: float, start: int = 0, end: int = 1) -> Check:
    """A check that always finds something."""
    return lambda text, _: Finding("fake", score, "A fault.", (text.span(start, end),))


def nothing(text: Text, settings: object) -> None:
    """A check that never finds anything."""


def breaks(text: Text, settings: object) -> None:
    """A check that breaks, with the comment in its mouth."""
    raise ValueError(text.raw, settings)


def needs_a_model(text: Text, settings: object) -> None:
    """A check that asks for a score that no model gave."""
    raise AssertionError(text.scores["toxicity"], settings)


def decide(*rules: RulePolicy, text: str = "Well said.") -> Decision:
    """The decision by these rules alone."""
    policy = Policy(HOUSE, {rule.name: rule for rule in rules}, {})
    return Moderator(policy, NO_MODELS).moderate(text)


def test_no_finding_no_reason() -> None:
    """A comment that no rule minds is approved without a word."""
    decision = decide(rule("a", nothing))
    assert (str(decision.action), decision.reasons, decision.observed) == ("approve", (), ())


def test_strictest_action_wins_and_reasons_come_strictest_first() -> None:
    """What acted is a reason, strictest and surest first; what stayed below is observed."""
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
    """Without thresholds a finding is reported and acts on nothing."""
    decision = decide(rule("shadow", finds(1.0), "never", "never"))
    assert str(decision.action) == "approve"
    assert len(decision.observed) == 1


@pytest.mark.parametrize("broken", [breaks, needs_a_model])
def test_check_that_breaks_sends_to_review(broken: Check, caplog: pytest.LogCaptureFixture) -> None:
    """An acting rule that cannot be checked leaves the comment to a person, and says so."""
    decision = decide(rule("broken", broken), rule("sound", nothing), text="My secret.")
    assert str(decision.action) == "review"
    (reason,) = decision.reasons
    assert reason.rule == "broken"
    assert "could not be checked" in reason.finding.message
    assert "My secret" not in caplog.text
    assert "check broken failed" in caplog.text


@pytest.mark.parametrize("broken", [breaks, needs_a_model])
def test_shadow_check_that_breaks_does_not_act(broken: Check) -> None:
    """A rule in shadow that breaks is observed, and the comment goes its way."""
    decision = decide(rule("broken", broken, "never", "never"))
    assert str(decision.action) == "approve"
    assert [reason.rule for reason in decision.observed] == ["broken"]


def test_broken_check_does_not_hide_a_rejection() -> None:
    """The other rules are checked all the same."""
    assert str(decide(rule("broken", breaks), rule("sound", finds(1.0))).action) == "reject"


@pytest.mark.parametrize("around", ["{}", "Hello. {} Thanks!", "<b>\n{}"])
def test_test_sentence_is_always_rejected(around: str) -> None:
    """An operator can try a live system even with every rule switched off."""
    off = {name: {"enabled": False} for name in rules.all_rules()}
    comment = around.format(HOUSE.test_sentence)
    decision = Moderator(Policy.load(off), NO_MODELS).moderate(comment)
    assert str(decision.action) == "reject"
    assert decision.reasons[0].finding.spans[0].text == HOUSE.test_sentence


def test_many_are_answered_in_order_and_lazily() -> None:
    """Decisions come in the order of the comments, and no more than a batch is read ahead."""
    taken = 0

    def comments() -> Iterator[str]:
        nonlocal taken
        for number in range(3 * BATCH):
            taken += 1
            yield f"comment {number}"

    first_words = rule("a", lambda text, _: Finding("a", 1.0, text.raw))
    policy = Policy(HOUSE, {"a": first_words}, {})
    decisions = Moderator(policy, NO_MODELS).moderate_many(comments())
    assert next(decisions).reasons[0].finding.message == "comment 0"
    assert taken == BATCH
    messages = [decision.reasons[0].finding.message for decision in decisions]
    assert messages == [f"comment {number}" for number in range(1, 3 * BATCH)]


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\ud800", "a" * 20_481])
def test_text_that_cannot_be_judged_is_refused(text: str) -> None:
    """Empty, broken and endless texts raise an error that names the field."""
    with pytest.raises(CommentError, match=r"^text: "):
        decide(text=text)


def test_limit_is_the_policys() -> None:
    """The longest comment is what the policy says."""
    moderator = Moderator(Policy.load({"house": {"max_bytes": 10}}), NO_MODELS)
    with pytest.raises(CommentError, match="the limit is 10"):
        moderator.moderate("eleven char")


def test_decision_as_json() -> None:
    """The JSON of a decision has the fixed shape, with spans in the author's own text."""
    decision = decide(rule("fake", finds(0.7, 3, 5)), text="🙏 u&amp;i")
    found = decision.to_dict()
    assert list(found) == [
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
    assert found["reasons"] == [
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
    """`Moderator.load()` brings the shipped policy and models, and takes a comment or a string."""
    moderator = Moderator.load()
    assert moderator.policy.hash == Policy.load().hash
    one, other = moderator.moderate("Well said."), moderator.moderate(Comment("Well said."))
    assert (one.action, one.scores) == (other.action, other.scores)
    assert one.id != other.id


def test_without_explanations_it_decides_the_same() -> None:
    """Scores, rules and actions; only what a model would have marked is missing."""
    comments = [
        "You are an idiot, u know.",
        "THIS IS A SHAME FOR THE WHOLE TOWN",
        "Well said, sir.",
    ]
    loud = Moderator.load()
    quiet = Moderator(loud.policy, loud.models, explains=False)
    for explained, bare in zip(
        loud.moderate_many(comments), quiet.moderate_many(comments), strict=True
    ):
        assert bare.action == explained.action
        assert bare.scores == explained.scores
        assert [it.rule for it in bare.reasons] == [it.rule for it in explained.reasons]
    spans = {it.rule: it.finding.spans for it in quiet.moderate(comments[0]).reasons}
    assert not spans["abuse"]
    assert spans["text_speak"]
