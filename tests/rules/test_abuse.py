"""abuse: contempt is found, disagreement and plain words about people are not."""

from collections.abc import Callable

import pytest

from moderation.policy import Policy
from moderation.rules.abuse import HEADS, Settings, check
from moderation.text.reading import Text, Weight, read

REVIEW = Policy.load().rules["abuse"].thresholds.review
REJECT = Policy.load().rules["abuse"].thresholds.reject

Judge = Callable[[str], Text]


def _score(judged: Judge, comment: str) -> float:
    finding = check(judged(comment), Settings())
    return finding.score if finding else 0.0


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
def test_must_not_fire(judged: Judge, comment: str) -> None:
    """No harmless comment of these kinds is sent to a person as abusive."""
    assert _score(judged, comment) < float(REVIEW)


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
def test_abuse(judged: Judge, comment: str) -> None:
    """Plain and disguised abuse comes to a person at least."""
    assert _score(judged, comment) >= float(REVIEW)


def test_spans_are_the_authors_words(judged: Judge) -> None:
    """What is marked is the insult, as its author spelt it."""
    finding = check(judged("The minister of U.P. is an 1d10t and everybody knows it."), Settings())
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
def test_never_refused_unread(judged: Judge, comment: str) -> None:
    """Where nobody is meant, rude words alone go to a person at most."""
    assert _score(judged, comment) < float(REJECT)


@pytest.mark.parametrize(
    ("loud", "said"),
    [("insult", "insults"), ("profanity", "swear words"), ("sexually_explicit", "sexual")],
)
def test_the_message_names_the_kind(loud: str, said: str) -> None:
    """The author is told what to leave out, by the kind of abuse that is clear."""
    text = read("you …")
    text.scores = {**dict.fromkeys(HEADS, 0.0), "toxicity": 0.9, loud: 0.8}
    text.explain = lambda _: [Weight(0, 1, 1.0)]
    finding = check(text, Settings())
    assert finding is not None
    assert said in finding.message
    assert finding.score == 0.9


def test_below_notice() -> None:
    """Scores below the operator's `notice` are not mentioned."""
    text = read("…")
    text.scores = dict.fromkeys(HEADS, 0.5)
    assert check(text, Settings(notice=0.51)) is None
