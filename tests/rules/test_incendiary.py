"""incendiary: hatred of a group, threats and incitement; not the mention of a group."""

from collections.abc import Callable

import pytest

from moderation.policy import Policy
from moderation.rules.incendiary import Settings, check
from moderation.scoring.models import Models
from moderation.text.reading import Text, Weight, read

REVIEW = Policy.load().rules["incendiary"].thresholds.review

Judge = Callable[[str], Text]


def _score(judged: Judge, comment: str) -> float:
    finding = check(judged(comment), Settings())
    return finding.score if finding else 0.0


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I am a gay man.", id="identity, neutral"),
        pytest.param("I am a Dalit woman and proud of it.", id="caste, neutral"),
        pytest.param("I don't hate Muslims.", id="negated hatred"),
        pytest.param("Calling people vermin is wrong.", id="counter-speech"),
        pytest.param(
            "Two men were killed in the riot, the police said.", id="a report of violence"
        ),
        pytest.param("Kill the bill before it kills the farmers.", id="killing a bill"),
        pytest.param("Black people deserve the same rights as everybody.", id="support of a group"),
        pytest.param("Pakistan beat India by six wickets.", id="a beaten team"),
    ],
)
def test_must_not_fire(judged: Judge, comment: str) -> None:
    """Groups may be named, and violence may be reported."""
    assert _score(judged, comment) < float(REVIEW)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I will kill you.", id="a threat"),
        pytest.param("Muslims are vermin and should be thrown out.", id="a religion"),
        pytest.param("All Dalits are dirty animals.", id="a caste"),
        pytest.param("Gays are disgusting, kill them all.", id="incitement"),
    ],
)
def test_hatred_and_threats(judged: Judge, comment: str) -> None:
    """Plain hatred and threats come to a person at least."""
    assert _score(judged, comment) >= float(REVIEW)


def test_the_careful_reader_knows_a_newspapers_threats(readers: dict[str, Models]) -> None:
    """Threats without a swear word come to a person, and idle talk in their words does not."""

    def acts(comment: str) -> bool:
        text = read(comment)
        readers["careful"].score([text])
        finding = check(text, Settings())
        return finding is not None and finding.score >= float(REVIEW)

    assert acts("Someone should shoot this minister.")
    assert acts("i will find you and i will end you, screenshot this all you want")
    assert not acts("Kill the bill before it kills the farmers.")
    assert not acts("This heat is going to kill me.")


@pytest.mark.parametrize(
    ("loud", "said"), [("threat", "call to violence"), ("identity_attack", "group")]
)
def test_the_message_names_the_kind(loud: str, said: str) -> None:
    """The author is told which of the two it is."""
    text = read("…")
    text.scores = {"toxicity": 0.9, "threat": 0.2, "identity_attack": 0.2, loud: 0.9}
    text.explain = lambda _: [Weight(0, 1, 1.0)]
    finding = check(text, Settings())
    assert finding is not None
    assert said in finding.message


def test_a_threat_is_seen_sooner_but_not_refused_by_its_weight() -> None:
    """Odds of 1 in 9 become 10 in 9; what is likely anyway refuses by its own score."""
    scores = []
    for threat in (0.1, 0.7, 0.97):
        text = read("…")
        text.scores = {"toxicity": 1.0, "threat": threat, "identity_attack": 0.0}
        text.explain = lambda _: [Weight(0, 1, 1.0)]
        finding = check(text, Settings())
        assert finding is not None
        scores.append(finding.score)
    assert scores == [pytest.approx(0.526, abs=0.001), 0.9, 0.97]


def test_a_threat_is_no_more_than_its_toxicity() -> None:
    """What hardly a reader finds toxic threatens nobody, whatever words it has."""
    text = read("…")
    text.scores = {"toxicity": 0.01, "threat": 0.9, "identity_attack": 0.0}
    assert check(text, Settings()) is None
