"""A policy is tried on comments that were decided already: what changes, and how much."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from moderation import Action, Comment, Moderator, Policy
from moderation.lifecycle import replay as replays
from moderation.lifecycle.replay import QUOTED, Recorded, Replayed, quote, replay
from moderation.moderator import BATCH
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight

AT = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
OFF = {name: {"enabled": False} for name in Policy.load().rules}


def moderator(**tables: Any) -> Moderator:
    """No models, and only these rules."""
    return Moderator(Policy.load({**OFF, **tables}), Models({}, {}))


LENGTH = {"enabled": True, "fewest_words": 2}
WORDS = {"enabled": True, "banned": ["tripe"], "suspect": ["stew"], "shipped": False}
NOW = moderator(length=LENGTH, word_list=WORDS)


def recorded(text: str, action: str = "approve", **more: Any) -> Recorded:
    """A decision of the record, by the policy of now."""
    values: dict[str, Any] = {"policy": NOW.policy.hash, "models": {}, "at": AT, **more}
    return Recorded(id=text[:8], comment=Comment(text), action=action, **values)


def replayed(*texts: str, **tables: Any) -> Replayed:
    """What other tables make of these comments."""
    return replay(map(recorded, texts), NOW, moderator(**tables))


def test_the_same_policy_changes_nothing() -> None:
    """Whatever it does: what is counted on both sides is the same."""
    found = replayed("Well said, sir.", "Hm", "What tripe.", length=LENGTH, word_list=WORDS)
    assert found.changed == []
    assert {before for before, _ in found.actions} == set(Action)
    assert all(before == after for before, after in found.actions)
    assert {name: vars(rule) for name, rule in found.rules.items()} == {
        "length": {"now": 1, "then": 1, "come": 0, "gone": 0, "turned": 0},
        "word_list": {"now": 1, "then": 1, "come": 0, "gone": 0, "turned": 0},
    }


def test_what_comes_goes_and_turns() -> None:
    """By rule, and by the action before and after."""
    texts = ("Hm", "What tripe.", "What stew.", "Well said, sir.")
    words = {**WORDS, "banned": ["stew"], "suspect": ["tripe", "sir"]}
    found = replayed(*texts, word_list=words)
    assert vars(found.rules["length"]) == {"now": 1, "then": 0, "come": 0, "gone": 1, "turned": 0}
    assert vars(found.rules["word_list"]) == {
        "now": 2,
        "then": 3,
        "come": 1,
        "gone": 0,
        "turned": 2,
    }
    assert found.actions == {
        (Action.REVIEW, Action.APPROVE): 1,
        (Action.REJECT, Action.REVIEW): 1,
        (Action.REVIEW, Action.REJECT): 1,
        (Action.APPROVE, Action.REVIEW): 1,
    }
    by_quote = {it.quote: (it.come, it.gone, it.turned) for it in found.changed}
    assert by_quote["Hm"] == ((), ("length",), ())
    assert by_quote["Well said, sir."] == (("word_list",), (), ())
    assert by_quote["What stew."] == ((), (), ("word_list",))


def test_those_that_change_most_stand_first() -> None:
    """Two steps before one, then by the score, then in the record's order."""
    texts = ("Hm", "What stew.", "What a stew.", "What tripe.")
    found = replayed(*texts, length=LENGTH | {"enabled": False}, word_list=OFF["word_list"])
    assert [it.quote for it in found.changed] == ["What tripe.", "Hm", "What stew.", "What a stew."]
    assert [it.score for it in found.changed] == [1.0, 1.0, 0.6, 0.6]


def test_what_was_recorded_otherwise_is_counted_apart() -> None:
    """Under another policy or by other models that is no wonder; else it is told too."""
    comments = [
        recorded("Hm", "review"),
        recorded("Hm", "approve"),
        recorded("Hm", "approve", policy="sha256:older"),
        recorded("Hm", "review", models={"spam": "older"}),
    ]
    found = replay(comments, NOW, NOW)
    assert (found.other_policy, found.other_models) == (1, 1)
    assert found.otherwise == {"same": 1, "other": 1}


def test_moderators_agree_with_one_policy_or_the_other() -> None:
    """A comment that a person is asked about agrees with nobody; 'review' says nothing."""
    comments = [
        recorded("What stew.", verdict="approve"),
        recorded("What tripe.", verdict="reject"),
        recorded("What tripe, sir.", verdict="approve"),
        recorded("What tripe.", verdict="review"),
        recorded("What tripe."),
    ]
    found = replay(comments, NOW, moderator()).summary()["verdicts"]
    assert found == {
        "now": {"agrees": 1, "asks": 1, "contrary": 1},
        "then": {"agrees": 2, "asks": 0, "contrary": 1},
    }


def test_what_a_policy_cannot_judge_is_passed_over() -> None:
    """A comment longer than the new policy admits is counted, and the others keep their places."""
    house = {"house": {"max_bytes": 40}}
    found = replayed("What tripe.", "word " * 20, "Hm", **house)
    assert (found.unjudged, found.comments) == (1, 2)
    assert [it.quote for it in found.changed] == ["What tripe.", "Hm"]


class Reader:
    """Counts what it reads; 'tripe' is spam to it."""

    heads: tuple[str, ...] = ("spam",)

    def __init__(self) -> None:
        self.texts: list[str] = []

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """0.9 or 0.1."""
        self.texts += [text.clean for text in texts]
        return {"spam": np.array([0.9 if "tripe" in text.clean else 0.1 for text in texts])}

    def explain(self, text: Text, _: str) -> list[Weight]:
        """The whole of it."""
        return [Weight(0, len(text.clean), 1.0)]


def test_each_comment_is_read_once_for_both() -> None:
    """And what both make of it is what each would have made of it alone."""
    reader = Reader()
    models = Models({"spam": reader}, {"spam": "1"})
    spam = {"enabled": True, "review": 0.5}
    sides = [
        Moderator(Policy.load({**OFF, "spam": {**spam, "reject": reject}}), models)
        for reject in ("never", 0.8)
    ]
    texts = ["What tripe.", "Well said, sir."] * BATCH
    found = replay(map(recorded, texts), *sides)
    assert reader.texts == texts
    alone = [[str(it.action) for it in side.moderate_many(texts)] for side in sides]
    assert alone == [["review", "approve"] * BATCH, ["reject", "approve"] * BATCH]
    assert found.actions == {
        (Action.REVIEW, Action.REJECT): BATCH,
        (Action.APPROVE, Action.APPROVE): BATCH,
    }
    assert found.rules["spam"].turned == BATCH


def test_comments_are_not_held() -> None:
    """Only as many are read ahead as are judged together."""
    given = 0
    furthest = 0

    def comments() -> Iterator[Recorded]:
        nonlocal given
        for _ in range(BATCH * 4):
            given += 1
            yield recorded("Well said, sir.")

    class Counting(Replayed):
        def add(self, *args: Any) -> None:
            nonlocal furthest
            super().add(*args)
            furthest = max(furthest, given - self.comments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replays, "Replayed", Counting)
        assert replay(comments(), NOW, NOW).comments == BATCH * 4
    assert furthest < BATCH


def test_a_quote_is_short_and_on_one_line() -> None:
    """However long the comment, and whatever breaks its lines."""
    assert quote("One\r\n\ttwo\x85three") == "One two three"
    assert len(quote("word " * 10_000)) == QUOTED
