"""Harmless phrases with a rude word get stand-ins, and abuse with the same words stays as it is."""

import pytest

from moderation.moderator import Moderator
from moderation.text import harmless
from moderation.text.reading import read
from tests.text.test_hostile import held


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """Return a moderator with the shipped policy and models."""
    return Moderator.load()


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("You are one of those 3 idiots.", id="people, not the film"),
        pytest.param("You are the idiot by the door.", id="no author after 'by'"),
        pytest.param("Muslims are not human.", id="dehumanising, not denied"),
        pytest.param("Dalits are not animals, they are worse.", id="denied for more contempt"),
        pytest.param("Hatred of Muslims is the right answer.", id="praise of hatred"),
        pytest.param("No, they are stupid.", id="'no' that denies nothing"),
        pytest.param("If he weren't so dumb, we would win.", id="a condition"),
        pytest.param("You are an ass.", id="no animal"),
        pytest.param("Kill all the murderers' families.", id="not the culprits"),
        pytest.param("Shoot the Muslim terrorists.", id="a group is meant"),
        pytest.param("Shoot the dog. The owner too.", id="one dog, not the strays"),
        pytest.param("YOU STUPID MOVIE PEOPLE", id="capitals are no title"),
        pytest.param("You Stupid Fool by Day.", id="a title does not begin with 'you'"),
    ],
)
def test_abuse_stays(comment: str) -> None:
    """The text is not changed."""
    assert harmless.without(read(comment)) is None


@pytest.mark.parametrize(
    ("comment", "rest"),
    [
        ("The Idiot by Dostoevsky is long.", "Gold by Dostoevsky is long."),
        ("I saw the film Pathetic Fools twice.", "I saw the film Gold twice."),
        ("Pathetic Fools, a play, is on.", "Gold, a play, is on."),
        ("The idiot box is on all day.", "The thing is on all day."),
        ("He is a clerk cum typist.", "He is a clerk and."),
        ("Nobody should hate Jews or Muslims.", "we must respect people."),
        ("Do not be stupid, wear a helmet.", "people deserve respect wear a helmet."),
        ("Stop hating Muslims, you fool.", "we must respect people, you fool."),
        ("Rapists should be hanged.", "culprits must be punished by law."),
        ("Shoot the terrorists at the border.", "arrest the culprits."),
    ],
)
def test_stand_ins(comment: str, rest: str) -> None:
    """The models read harmless words in place of the phrase, and everything else."""
    view = harmless.without(read(comment))
    assert view is not None
    assert view.text == rest


@pytest.mark.parametrize("name", ["titles", "counter_speech", "violence"])
def test_most_pass(moderator: Moderator, name: str) -> None:
    """At most one in twenty of the harmless sentences goes to a person for its tone."""
    decisions = held(moderator, name, "approve")
    assert sum(decisions) <= 0.05 * len(decisions)


@pytest.mark.parametrize("name", ["titles", "counter_speech"])
def test_most_abuse_is_held(moderator: Moderator, name: str) -> None:
    """At least nine in ten hostile sentences with the same words go to a person."""
    decisions = held(moderator, name, "act")
    assert sum(decisions) >= 0.9 * len(decisions)


def test_an_insult_beside_a_harmless_phrase_is_marked(moderator: Moderator) -> None:
    """The finding points at the insult in the author's own text, and not at the phrase."""
    comment = "The idiot box is on all day, you stupid moron."
    reason = next(
        reason for reason in moderator.moderate(comment).reasons if reason.rule == "abuse"
    )
    words = " ".join(span.text for span in reason.finding.spans)
    assert "moron" in words
    assert "box" not in words


def test_a_condemned_slur_is_not_held_by_the_shipped_list(moderator: Moderator) -> None:
    """A slur of the shipped list counts, unless the comment says that nobody should use it."""
    condemned = moderator.moderate("No one should call a woman a whore or a witch.")
    assert [reason.rule for reason in condemned.reasons] == []
    said = moderator.moderate("She is a whore and a witch.")
    assert "word_list" in [reason.rule for reason in said.reasons]


def test_an_operators_word_counts_always() -> None:
    """A word that the newspaper lists is found in every phrase."""
    moderator = Moderator.load({"word_list": {"banned": ["whore"]}})
    decision = moderator.moderate("No one should call a woman a whore.")
    assert str(decision.action) == "reject"
