"""Replay: a new policy decides recorded comments, and the changes are counted."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from moderation import Action, Comment, Moderator, Policy
from moderation.lifecycle import replay as replays
from moderation.lifecycle.replay import MAX_QUOTE, Recorded, Replayed, quote, replay
from moderation.moderator import BATCH
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight

AT = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
OFF = {name: {"enabled": False} for name in Policy.load().rules}


def moderator(**tables: Any) -> Moderator:
    """Return a moderator without models and with only these rules."""
    return Moderator(Policy.load({**OFF, **tables}), Models({}, {}))


LENGTH = {"enabled": True, "fewest_words": 2}
WORDS = {"enabled": True, "banned": ["tripe"], "suspect": ["stew"], "shipped": False}
NOW = moderator(length=LENGTH, word_list=WORDS)


def recorded(text: str, action: str = "approve", **more: Any) -> Recorded:
    """Return a decision of the record, by the policy in use."""
    values: dict[str, Any] = {"policy": NOW.policy.hash, "models": {}, "at": AT, **more}
    return Recorded(id=text[:8], comment=Comment(text), action=action, **values)


def replayed(*texts: str, **tables: Any) -> Replayed:
    """Replay these comments with a policy of other tables."""
    return replay(map(recorded, texts), NOW, moderator(**tables))


def test_the_same_policy_changes_nothing() -> None:
    """The counts of both sides are the same."""
    result = replayed("Well said, sir.", "Hm", "What tripe.", length=LENGTH, word_list=WORDS)
    assert result.changed == []
    assert {before for before, _ in result.actions} == set(Action)
    assert all(before == after for before, after in result.actions)
    assert {name: vars(rule) for name, rule in result.rules.items()} == {
        "length": {"now": 1, "then": 1, "come": 0, "gone": 0, "turned": 0},
        "word_list": {"now": 1, "then": 1, "come": 0, "gone": 0, "turned": 0},
    }


def test_rules_that_come_go_and_turn() -> None:
    """Changes are counted by rule, and by the action before and after."""
    texts = ("Hm", "What tripe.", "What stew.", "Well said, sir.")
    words = {**WORDS, "banned": ["stew"], "suspect": ["tripe", "sir"]}
    result = replayed(*texts, word_list=words)
    assert vars(result.rules["length"]) == {"now": 1, "then": 0, "come": 0, "gone": 1, "turned": 0}
    assert vars(result.rules["word_list"]) == {
        "now": 2,
        "then": 3,
        "come": 1,
        "gone": 0,
        "turned": 2,
    }
    assert result.actions == {
        (Action.REVIEW, Action.APPROVE): 1,
        (Action.REJECT, Action.REVIEW): 1,
        (Action.REVIEW, Action.REJECT): 1,
        (Action.APPROVE, Action.REVIEW): 1,
    }
    by_quote = {
        change.quote: (change.come, change.gone, change.turned) for change in result.changed
    }
    assert by_quote["Hm"] == ((), ("length",), ())
    assert by_quote["Well said, sir."] == (("word_list",), (), ())
    assert by_quote["What stew."] == ((), (), ("word_list",))


def test_largest_changes_come_first() -> None:
    """Changes of two steps come before those of one, then by score, then in the record's order."""
    texts = ("Hm", "What stew.", "What a stew.", "What tripe.")
    result = replayed(*texts, length=LENGTH | {"enabled": False}, word_list=OFF["word_list"])
    assert [change.quote for change in result.changed] == [
        "What tripe.",
        "Hm",
        "What stew.",
        "What a stew.",
    ]
    assert [change.score for change in result.changed] == [1.0, 1.0, 0.6, 0.6]


def test_decisions_that_the_record_has_differently_are_counted() -> None:
    """Those by another policy or by other models are counted apart."""
    comments = [
        recorded("Hm", "review"),
        recorded("Hm", "approve"),
        recorded("Hm", "approve", policy="sha256:older"),
        recorded("Hm", "review", models={"spam": "older"}),
    ]
    result = replay(comments, NOW, NOW)
    assert (result.other_policy, result.other_models) == (1, 1)
    assert result.recorded_differently == {"same": 1, "other": 1}


def test_moderators_agree_with_one_policy_or_the_other() -> None:
    """A decision to review agrees with no verdict, and a verdict 'review' does not count."""
    comments = [
        recorded("What stew.", verdict="approve"),
        recorded("What tripe.", verdict="reject"),
        recorded("What tripe, sir.", verdict="approve"),
        recorded("What tripe.", verdict="review"),
        recorded("What tripe."),
    ]
    result = replay(comments, NOW, moderator()).summary()["verdicts"]
    assert result == {
        "now": {"agrees": 1, "asks": 1, "contrary": 1},
        "then": {"agrees": 2, "asks": 0, "contrary": 1},
    }


def test_comments_that_are_too_long_are_skipped() -> None:
    """They are counted, and the order of the others does not change."""
    house = {"house": {"max_bytes": 40}}
    result = replayed("What tripe.", "word " * 20, "Hm", **house)
    assert (result.unjudged, result.comments) == (1, 2)
    assert [change.quote for change in result.changed] == ["What tripe.", "Hm"]


class Scorer:
    """Notes the texts that it scores. A text with 'tripe' is spam."""

    heads: tuple[str, ...] = ("spam",)

    def __init__(self) -> None:
        self.texts: list[str] = []

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return 0.9 or 0.1."""
        self.texts += [text.clean for text in texts]
        return {"spam": np.array([0.9 if "tripe" in text.clean else 0.1 for text in texts])}

    def explain(self, text: Text, _: str) -> list[Weight]:
        """Return the whole text."""
        return [Weight(0, len(text.clean), 1.0)]


def test_each_comment_is_scored_once_for_both() -> None:
    """Each moderator decides as it would alone."""
    scorer = Scorer()
    models = Models({"spam": scorer}, {"spam": "1"})
    spam = {"enabled": True, "review": 0.5}
    sides = [
        Moderator(Policy.load({**OFF, "spam": {**spam, "reject": reject}}), models)
        for reject in ("never", 0.8)
    ]
    texts = ["What tripe.", "Well said, sir."] * BATCH
    result = replay(map(recorded, texts), *sides)
    assert scorer.texts == texts
    alone = [[str(row.action) for row in side.moderate_many(texts)] for side in sides]
    assert alone == [["review", "approve"] * BATCH, ["reject", "approve"] * BATCH]
    assert result.actions == {
        (Action.REVIEW, Action.REJECT): BATCH,
        (Action.APPROVE, Action.APPROVE): BATCH,
    }
    assert result.rules["spam"].turned == BATCH


def test_comments_are_not_held() -> None:
    """At most one batch is read ahead."""
    read = 0
    furthest = 0

    def comments() -> Iterator[Recorded]:
        nonlocal read
        for _ in range(BATCH * 4):
            read += 1
            yield recorded("Well said, sir.")

    class Counting(Replayed):
        def add(self, *args: Any) -> None:
            nonlocal furthest
            super().add(*args)
            furthest = max(furthest, read - self.comments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replays, "Replayed", Counting)
        assert replay(comments(), NOW, NOW).comments == BATCH * 4
    assert furthest < BATCH


def test_a_quote_is_short_and_on_one_line() -> None:
    """It does not matter how long the comment is, and which characters break its lines."""
    assert quote("One\r\n\ttwo\x85three") == "One two three"
    assert len(quote("word " * 10_000)) == MAX_QUOTE
