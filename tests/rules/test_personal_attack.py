"""personal_attack: an attack needs somebody whom it is aimed at."""

from collections.abc import Callable

import pytest

from moderation.policy import Policy
from moderation.rules.personal_attack import Settings, check
from moderation.text.reading import Text, read

REVIEW = Policy.load().rules["personal_attack"].thresholds.review

Judge = Callable[[str], Text]


def _score(judged: Judge, comment: str) -> float:
    finding = check(judged(comment), Settings())
    return finding.score if finding else 0.0


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("This budget is stupid.", id="a thing"),
        pytest.param("The new policy is idiotic and the budget is rubbish.", id="things"),
        pytest.param("You are right.", id="agreement"),
        pytest.param("I disagree with you, Mr Rao.", id="disagreement"),
        pytest.param("I am a gay man.", id="identity, neutral"),
        pytest.param("You should not call people vermin.", id="counter-speech"),
        pytest.param("Mr Dikshit and Nishit met Shital.", id="names that hold words"),
        pytest.param("He was attacked by a mob last night.", id="a report of violence"),
    ],
)
def test_must_not_fire(judged: Judge, comment: str) -> None:
    """Things may be called stupid, and people may be disagreed with."""
    assert _score(judged, comment) < float(REVIEW)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("You are an idiot.", id="another reader"),
        pytest.param("@ravi shut up, moron", id="a mention"),
        pytest.param("The author is wrong because Rao is an idiot and a moron.", id="a name"),
        pytest.param("He is a stupid fat pig and an idiot.", id="a third person"),
    ],
)
def test_attack(judged: Judge, comment: str) -> None:
    """An insult beside a pronoun, a mention or a name comes to a person at least."""
    assert _score(judged, comment) >= float(REVIEW)


@pytest.mark.parametrize(
    ("comment", "aimed"),
    [
        ("such a stupid budget", False),
        ("Stupid. Idiotic. Rubbish.", False),
        ("ur stupid", True),
        ("so stupid, @ravi", True),
        ("typical stupid Ravi", True),
    ],
)
def test_aimed(comment: str, aimed: bool) -> None:
    """Whatever the model says, without a person there is no personal attack."""
    text = read(comment)
    text.scores = {"personal_attack": 1.0}
    finding = check(text, Settings())
    assert (finding is not None) == aimed
