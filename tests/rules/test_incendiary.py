"""incendiary: the rule finds hatred of a group, threats and incitement, not a group's name."""

from collections.abc import Callable

import pytest

from moderation.policy import RulePolicy
from moderation.rules.incendiary import Settings, check
from moderation.scoring.models import Models
from moderation.text.reading import Text, read

Score = Callable[[str], float]
Scored = Callable[..., Text]


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
def test_must_not_fire(score: Score, review: float, comment: str) -> None:
    """Commenters may name groups and report violence."""
    assert score(comment) < review


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I will kill you.", id="a threat"),
        pytest.param("Muslims are vermin and should be thrown out.", id="a religion"),
        pytest.param("All Dalits are dirty animals.", id="a caste"),
        pytest.param("Gays are disgusting, kill them all.", id="incitement"),
    ],
)
def test_hatred_and_threats(score: Score, review: float, comment: str) -> None:
    """Plain hatred and threats go to a person at least."""
    assert score(comment) >= review


def test_the_careful_scorer_knows_threats_without_a_swear_word(
    models: dict[str, Models], rule: RulePolicy, review: float
) -> None:
    """They go to a person, and idle talk in the same words does not."""

    def acts(comment: str) -> bool:
        text = read(comment)
        models["careful"].score([text])
        finding = rule.check(text)
        return finding is not None and finding.score >= review

    assert acts("Someone should shoot this minister.")
    assert acts("i will find you and i will end you, screenshot this all you want")
    assert not acts("Kill the bill before it kills the farmers.")
    assert not acts("This heat is going to kill me.")


@pytest.mark.parametrize(
    ("kind", "words"), [("threat", "call to violence"), ("identity_attack", "group")]
)
def test_the_message_names_the_kind(scored: Scored, kind: str, words: str) -> None:
    """The message says which of the two it is."""
    text = scored({"toxicity": 0.9, "threat": 0.2, "identity_attack": 0.2, kind: 0.9})
    finding = check(text, Settings())
    assert finding is not None
    assert words in finding.message


def test_the_weight_of_a_threat_never_rejects(scored: Scored) -> None:
    """Odds of 1 to 9 become 10 to 9, up to a score of 0.9. A higher score stays as it is."""
    scores = []
    for threat in (0.1, 0.7, 0.97):
        text = scored({"toxicity": 1.0, "threat": threat, "identity_attack": 0.0})
        finding = check(text, Settings())
        assert finding is not None
        scores.append(finding.score)
    assert scores == [pytest.approx(0.526, abs=0.001), 0.9, 0.97]


def test_the_score_of_a_threat_is_at_most_the_toxicity(scored: Scored) -> None:
    """A comment that hardly any reader finds toxic is not a threat, whatever its words."""
    text = scored({"toxicity": 0.01, "threat": 0.9, "identity_attack": 0.0})
    assert check(text, Settings()) is None
