"""personal_attack: an attack needs a person as its target."""

from collections.abc import Callable

import pytest

from moderation.rules.personal_attack import Settings, check
from moderation.text.reading import Text

Score = Callable[[str], float]
Scored = Callable[..., Text]


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
def test_must_not_fire(score: Score, review: float, comment: str) -> None:
    """Commenters may call things stupid and disagree with people."""
    assert score(comment) < review


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("You are an idiot.", id="another reader"),
        pytest.param("@ravi shut up, moron", id="a mention"),
        pytest.param("The author is wrong because Rao is an idiot and a moron.", id="a name"),
        pytest.param("He is a stupid fat pig and an idiot.", id="a third person"),
    ],
)
def test_attack(score: Score, review: float, comment: str) -> None:
    """An insult with a pronoun, a mention or a name goes to a person at least."""
    assert score(comment) >= review


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
def test_aimed(scored: Scored, comment: str, aimed: bool) -> None:
    """Without a person as its target, the highest score is no personal attack."""
    finding = check(scored({"personal_attack": 1.0}, comment), Settings())
    assert (finding is not None) == aimed
