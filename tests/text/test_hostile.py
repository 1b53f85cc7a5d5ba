"""Threats, hatred and rudeness without a marked word are found; the same words meant well are not.

`plain_words/` has the sentences. They were written before the phrases; every second one was not
looked at while the phrases were written.
"""

import tomllib
from pathlib import Path

import pytest

from moderation.moderator import Moderator
from moderation.text import hostile
from moderation.text.reading import read

FOLDER = Path(__file__).with_name("plain_words")
TONE = {"abuse", "incendiary", "personal_attack"}


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """Return a moderator with the shipped policy and models."""
    return Moderator.load()


def held(moderator: Moderator, name: str, column: str) -> list[bool]:
    """Return for each sentence of a file's column whether a rule about its tone acts on it."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    decisions = moderator.moderate_many(table[column].strip().splitlines())
    return [any(reason.rule in TONE for reason in decision.reasons) for decision in decisions]


@pytest.mark.parametrize("name", ["threats", "hatred", "rudeness"])
def test_must_not_fire(name: str) -> None:
    """No phrase is found in a sentence that is meant well."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    texts = [read(line) for line in table["approve"].strip().splitlines()]
    kinds = ("threat", "hatred", "rudeness")
    found = [text.raw for text in texts for kind in kinds if hostile.find(text, kind).score]
    assert found == []


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("He wrote “Watch your back, journalist” on my wall.", id="quoted"),
        pytest.param("They told her to shut up.", id="reported rudeness"),
        pytest.param("He said that Muslims are not human.", id="reported hatred"),
        pytest.param("The lie that women are property is old.", id="a lie is named"),
        pytest.param("The voters will teach them a lesson.", id="an election"),
        pytest.param("If you are blind, you can listen to the paper.", id="a condition"),
        pytest.param("Rapists should be hanged after a fair trial.", id="lawful punishment"),
        pytest.param("Not every bhakt is blind.", id="denied of most"),
    ],
)
def test_reported_denied_and_lawful(comment: str) -> None:
    """What the author quotes, reports or denies is not the author's."""
    text = read(comment)
    assert not any(hostile.find(text, kind).score for kind in ("threat", "hatred", "rudeness"))


@pytest.mark.parametrize(
    ("rule", "comment", "words"),
    [
        ("incendiary", "Good piece. Watch your back, journalist.", "Watch your back"),
        ("incendiary", "Those who eat beef are not human.", "Those who eat beef are not human"),
        ("abuse", "I read it twice. Shut up.", "Shut up"),
    ],
)
def test_the_rule_marks_the_phrase(
    moderator: Moderator, rule: str, comment: str, words: str
) -> None:
    """A person looks, and sees the words."""
    decision = moderator.moderate(comment)
    assert str(decision.action) == "review"
    reason = next(reason for reason in decision.reasons if reason.rule == rule)
    assert [span.text for span in reason.finding.spans] == [words]


@pytest.mark.parametrize("name", ["threats", "hatred", "rudeness", "violence"])
def test_most_are_held(moderator: Moderator, name: str) -> None:
    """At least nine in ten of the hostile sentences go to a person."""
    decisions = held(moderator, name, "act")
    assert sum(decisions) >= 0.9 * len(decisions)


def test_hostile_text_is_read_in_linear_time() -> None:
    """A long comment of words that begin many phrases takes no more time than its length."""
    for words in ("you are so very too ", "we know where just really ", "these people are all "):
        hostile.find(read(words * 2000), "threat")
