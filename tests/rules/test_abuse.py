"""abuse: the rule finds contempt, not disagreement or plain words about people."""

from collections.abc import Callable

import pytest

from moderation.decision import Finding
from moderation.rules.abuse import HEADS, Settings, check
from moderation.text.reading import Text

Find = Callable[[str], Finding | None]
Score = Callable[[str], float]
Scored = Callable[..., Text]


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I am a gay man.", id="identity, neutral"),
        pytest.param("I am a Dalit woman and proud of it.", id="caste, neutral"),
        pytest.param("My queer friends and I loved the film.", id="a reclaimed word"),
        pytest.param("I don't hate Muslims.", id="negated hatred"),
        pytest.param("Calling people vermin is wrong.", id="counter-speech"),
        pytest.param("Mr Dikshit and Nishit met Shital in Scunthorpe.", id="names that hold words"),
        pytest.param(
            "Two men were killed in the riot, the police said.", id="a report of violence"
        ),
        pytest.param("The judge sentenced the killer to death.", id="a report of a sentence"),
        pytest.param("Kill the bill before it kills the farmers.", id="killing a bill"),
        pytest.param("I disagree, the policy is wrong.", id="disagreement"),
        pytest.param("You are right.", id="agreement"),
        pytest.param("Rs. 500 cr. for U.P. is too little, says P. Chidambaram.", id="figures"),
    ],
)
def test_must_not_fire(score: Score, review: float, comment: str) -> None:
    """Harmless comments of these kinds do not go to a person."""
    assert score(comment) < review


@pytest.mark.parametrize(
    "comment",
    [
        "You are an idiot.",
        "What a load of crap.",
        "He is a liar and a fool.",
        "an 1d10t and a f*cking liar",
        "Go to hell you anti-national pig",
    ],
)
def test_abuse(score: Score, review: float, comment: str) -> None:
    """Plain and disguised abuse goes to a person at least."""
    assert score(comment) >= review


def test_spans_are_the_authors_words(find: Find) -> None:
    """The finding marks the insult as its author spelt it."""
    finding = find("The minister of U.P. is an 1d10t and everybody knows it.")
    assert finding is not None
    assert [span.text for span in finding.spans] == ["1d10t"]


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("This budget is stupid.", id="a thing"),
        pytest.param("A fucking great goal!", id="praise"),
        pytest.param("I am not an idiot.", id="a denial"),
        pytest.param("Nobody should be called a bitch.", id="counter-speech"),
    ],
)
def test_never_rejected_without_a_target(score: Score, reject: float, comment: str) -> None:
    """Rude words that are aimed at no person go to a person at most."""
    assert score(comment) < reject


@pytest.mark.parametrize(
    ("kind", "words"),
    [("insult", "insults"), ("profanity", "swear words"), ("sexually_explicit", "sexual")],
)
def test_the_message_names_the_kind(scored: Scored, kind: str, words: str) -> None:
    """The message says what to leave out if one kind of abuse is clear."""
    text = scored({**dict.fromkeys(HEADS, 0.0), "toxicity": 0.9, kind: 0.8})
    finding = check(text, Settings())
    assert finding is not None
    assert words in finding.message
    assert finding.score == 0.9


def test_below_notice(scored: Scored) -> None:
    """The rule does not report scores below `notice`."""
    text = scored(dict.fromkeys(HEADS, 0.5))
    assert check(text, Settings(notice=0.51)) is None


@pytest.mark.parametrize(
    ("comment", "toxicity", "counts"),
    [
        pytest.param("Nobody asked you.", 0.0, True, id="a short comment"),
        pytest.param(
            "Nobody asked you. The tax is fair, and so is the new rate.", 0.0, False, id="long"
        ),
        pytest.param(
            "Nobody asked you. The tax is fair, and so is the new rate.", 0.5, True, id="agreed"
        ),
    ],
)
def test_a_rude_phrase(scored: Scored, comment: str, toxicity: float, counts: bool) -> None:
    """In a long comment a rude phrase counts only if the models half agree."""
    finding = check(
        scored({**dict.fromkeys(HEADS, 0.0), "toxicity": toxicity}, comment), Settings()
    )
    assert (finding is not None and finding.score == 0.75) == counts
