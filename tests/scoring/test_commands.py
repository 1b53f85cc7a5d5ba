"""Imperatives by their first words: a list of verbs and what may follow them."""

import pytest

from moderation.scoring.commands import is_command
from moderation.text.reading import read


def tokens(sentence: str) -> list[str]:
    """Return the tokens of a sentence in small letters."""
    return [token.text.lower() for token in read(sentence).tokens]


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Jail term for builders.", id="a noun before a noun"),
        pytest.param("Ban on firecrackers.", id="'ban' as a noun"),
        pytest.param("Boycott calls everywhere.", id="'boycott' as a noun"),
        pytest.param("Audit report.", id="'audit' as a noun"),
        pytest.param("Link road to nowhere", id="a pair needs two partners"),
        pytest.param("Section 144.", id="a noun before a number"),
        pytest.param("Record 45 degrees.", id="a verb that takes no number"),
        pytest.param("Compromise of principles.", id="a noun in -ise"),
        pytest.param("Otherwise a good film.", id="an adverb in -ise"),
        pytest.param("Denise Roy.", id="a name in -ise"),
        pytest.param("Email: the council.", id="a label before a colon"),
        pytest.param("Reject of society.", id="a verb before 'of' is a noun"),
        pytest.param("Can't believe my eyes.", id="an auxiliary first"),
        pytest.param("Love this article.", id="a dropped subject"),
        pytest.param("Stand off at the border.", id="a particle without an object"),
        pytest.param("2000 download", id="a number first"),
        pytest.param("Please", id="a lead-in alone"),
        pytest.param("...", id="signs alone"),
        pytest.param("", id="no words"),
    ],
)
def test_must_not_fire(sentence: str) -> None:
    """Nouns, labels and dropped subjects are no imperatives."""
    assert not is_command(tokens(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Ring 155260.", id="a number to dial"),
        pytest.param("Demolish illegal hoardings.", id="a verb that is no noun"),
        pytest.param("Computerise ration shops.", id="a verb in -ise"),
        pytest.param("Decriminalize begging.", id="a verb in -ize"),
        pytest.param("Verify these voters.", id="a verb in -ify"),
        pytest.param("Ban single-use plastic.", id="'ban' before its object"),
        pytest.param("Flog them all.", id="a pronoun as the object"),
        pytest.param("Stand up for them.", id="a particle and a preposition"),
        pytest.param("Link PAN with Aadhaar.", id="a pair"),
        pytest.param("Please, first repeal it.", id="lead-ins and a comma"),
        pytest.param("(Privatise it!)", id="in brackets"),
        pytest.param("Explain.", id="one word"),
    ],
)
def test_must_fire(sentence: str) -> None:
    """Demands are imperatives, whether or not the tagger knows the verb."""
    assert is_command(tokens(sentence))
