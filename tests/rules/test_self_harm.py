"""self_harm: the rule finds authors in despair, and neither news, debate nor figures of speech."""

import time
import tomllib
from pathlib import Path

import pytest

from moderation import Action, Comment, Decision, Moderator, Policy
from moderation.policy import PolicyError
from moderation.rules.self_harm import Settings, check
from moderation.scoring.models import Models
from moderation.text import despair
from moderation.text.reading import read

SENTENCES: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("self_harm.toml").read_text("utf-8")
)


def score_of(comment: str) -> float:
    """Return the score of a comment, 0 without a finding."""
    finding = check(read(comment), Settings())
    return finding.score if finding else 0.0


@pytest.fixture(scope="module")
def moderator(models: dict[str, Models]) -> Moderator:
    """The shipped policy and models."""
    return Moderator(Policy.load(), models["careful"], explains=False)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I nearly died of laughter at that cartoon.", id="laughter"),
        pytest.param("The queue at the passport office makes me want to die.", id="makes me"),
        pytest.param("I'd rather kill myself than watch the repeat.", id="rather than"),
        pytest.param("I would hang myself if I had to sit through it.", id="would, if"),
        pytest.param("If they play it again I will shoot myself.", id="again"),
        pytest.param("I shot myself in the foot there.", id="a foot"),
        pytest.param("I am dying to hear the verdict.", id="dying to"),
        pytest.param("I would die for my village.", id="die for"),
        pytest.param("I want to die at home and not in a corridor.", id="where to die"),
        pytest.param("A weaver took poison in Sircilla over debts.", id="news"),
        pytest.param("He committed suicide, the police told us.", id="third person"),
        pytest.param("My cousin hanged himself in June.", id="the bereaved"),
        pytest.param("Why did my daughter want to die? No school answers.", id="a parent"),
        pytest.param("He wrote “I am going to kill myself” and nobody called.", id="quoted"),
        pytest.param("> I want to die\nPlease call someone.", id="a line quoted"),
        pytest.param("My brother said I want to die, and we laughed.", id="reported speech"),
        pytest.param("I am going to end my life, said the widow.", id="speaker after the words"),
        pytest.param("I do not want to die in a flood.", id="does not want to"),
        pytest.param("I'm not suicidal, only angry.", id="denied"),
        pytest.param("I never said I wanted to kill myself.", id="never said"),
        pytest.param("I hope I don't die before the metro opens.", id="hopes not to"),
        pytest.param("Years ago I wanted to kill myself; therapy helped.", id="recovered"),
        pytest.param("I used to wish I was dead.", id="used to"),
        pytest.param("They told me to kill myself, and you let it stand.", id="a victim of trolls"),
        pytest.param("Go and kill yourself.", id="goading"),
        pytest.param("When my time comes I want to die with dignity.", id="assisted dying"),
        pytest.param("Suicide should be no crime.", id="debate"),
        pytest.param("The film I Want To Live is from 1958.", id="a title"),
        pytest.param("We did 300 kms in a day.", id="kilometres"),
        pytest.param("I have no reason to live in fear.", id="to live somewhere or somehow"),
        pytest.param("I am tired of living next to a quarry.", id="tired of a place"),
        pytest.param("Young men who are frustrated with life join them.", id="other people"),
        pytest.param("I want to end this lease.", id="end something else"),
        pytest.param("I took two paracetamol and slept.", id="a usual dose"),
        pytest.param("I can't live without cricket.", id="cannot live without"),
        pytest.param("This is my last comment on the budget.", id="leaves the thread"),
        pytest.param("Two pages in I had lost the will to live.", id="a tedious text"),
        pytest.param("I set myself up for that one.", id="a verb with up"),
    ],
)
def test_must_not_fire(review: float, comment: str) -> None:
    """News, debate, figures of speech, the past and other people are at most observed."""
    assert score_of(comment) < review


@pytest.mark.parametrize(
    ("comment", "score"),
    [
        pytest.param("I am going to kill myself on Sunday.", 0.9, id="plan"),
        pytest.param("I will hang myself.", 0.9, id="plan, Indian English"),
        pytest.param("i have swallowed thirty tablets", 0.9, id="means"),
        pytest.param("I drank pesticide.", 0.9, id="poison"),
        pytest.param("By the time you read this I will be dead.", 0.9, id="farewell"),
        pytest.param("The collector is responsible for my death.", 0.9, id="dying declaration"),
        pytest.param("I wish I had never been born.", 0.7, id="wish"),
        pytest.param("i wanna die", 0.7, id="text speak"),
        pytest.param("I w@nt to d1e", 0.7, id="disguised"),
        pytest.param("I keep cutting myself.", 0.7, id="self-harm"),
        pytest.param("I was thinking of suicide again.", 0.7, id="thoughts"),
        pytest.param("There is no reason for me to live.", 0.5, id="no reason"),
        pytest.param("My children would be better off without me.", 0.5, id="burden"),
        pytest.param("If the loan is not waived I will consume poison.", 0.5, id="condition"),
        pytest.param("Bye everyone. I can't take this any more.", 0.5, id="two hints"),
        pytest.param("I can't take this any more.", 0.3, id="one hint"),
        pytest.param("This heat makes me want to die.", 0.3, id="figure of speech"),
    ],
)
def test_the_score_is_that_of_the_strongest_sign(comment: str, score: float) -> None:
    """A plan, a means or a farewell weighs more than a wish, and a wish more than lost hope."""
    assert score_of(comment) == score


@pytest.mark.parametrize("style", ["plain", "text_speak", "indian_british", "later"])
def test_recall(review: float, style: str) -> None:
    """At least 95 in 100 of our sentences of each style go to a person."""
    sentences = SENTENCES[style].strip().splitlines()
    missed = [sentence for sentence in sentences if score_of(sentence) < review]
    assert len(missed) <= 0.05 * len(sentences), missed


def test_precision(review: float) -> None:
    """At most 1 in 100 of our innocent sentences goes to a person."""
    sentences = SENTENCES["innocent"].strip().splitlines()
    fired = [sentence for sentence in sentences if score_of(sentence) >= review]
    assert len(fired) <= 0.01 * len(sentences), fired


def test_despair_among_other_sentences_is_found_and_marked() -> None:
    """The rule reads every sentence. The span is the author's own words."""
    text = "The budget is good. The roads are better. i w4nt to d1e. Trains run on time."
    finding = check(read(text), Settings())
    assert finding is not None
    assert [span.text for span in finding.spans] == ["i w4nt to d1e"]


def test_the_message_names_a_helpline_and_blames_nobody() -> None:
    """The policy's country has its own helpline. Without a country it is the first."""
    numbers = {"": "14416", "IN": "14416", "US": "988", "GB": "116 123", "IE": "116 123"}
    for country, number in numbers.items():
        rule = Policy.load({"self_harm": {"country": country}}).rules["self_harm"]
        finding = rule.check(read("I want to end my life."))
        assert finding is not None
        assert number in finding.message
        assert finding.suggestion is None


def test_a_newspaper_adds_its_own_helpline() -> None:
    """The operator's table is merged over the shipped one, and must have the country."""
    tables = {"self_harm": {"country": "AU", "helplines": {"AU": "Lifeline, 13 11 14"}}}
    finding = Policy.load(tables).rules["self_harm"].check(read("I want to die."))
    assert finding is not None
    assert "13 11 14" in finding.message
    with pytest.raises(PolicyError, match="country: UK has no entry in helplines, only IN, US"):
        Policy.load({"self_harm": {"country": "UK"}})


def _rules(decision: Decision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


def test_despair_goes_to_a_person_whatever_else_acted(moderator: Moderator) -> None:
    """The other findings stay, and the helpline comes first."""
    insult = "You bloody idiots, fuck you all."
    assert moderator.moderate(insult).action == Action.REJECT
    decision = moderator.moderate(f"{insult} I want to die.")
    assert decision.action == Action.REVIEW
    assert _rules(decision)[0] == "self_harm"
    assert "abuse" in _rules(decision)
    assert {reason.action for reason in decision.reasons} == {Action.REVIEW}


def test_a_hint_limits_no_other_rule(moderator: Moderator) -> None:
    """A finding that is only observed leaves the decision as it is."""
    decision = moderator.moderate("You bloody idiots, fuck you all, you make me want to die.")
    assert decision.action == Action.REJECT
    assert "self_harm" in [reason.rule for reason in decision.observed]


def test_a_threat_against_others_stays_a_threat(moderator: Moderator) -> None:
    """`incendiary` acts on it, and the limit of `self_harm` does not hold for it."""
    policy = Policy.load({"incendiary": {"reject": 0.5}})
    strict = Moderator(policy, moderator.models, explains=False)
    decision = strict.moderate("I will kill you and your family, then I will kill myself.")
    assert decision.action == Action.REJECT
    assert {"incendiary", "self_harm"} <= set(_rules(decision))


@pytest.mark.parametrize(
    "comment",
    ["I will shoot myself tonight.", "If my exam is not postponed I will set myself on fire."],
)
def test_ones_own_death_is_no_threat(moderator: Moderator, comment: str) -> None:
    """The message of `incendiary` would blame the author."""
    decision = moderator.moderate(comment)
    assert "self_harm" in _rules(decision)
    assert "incendiary" not in _rules(decision)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I will die a Hindu.", id="dying one day"),
        pytest.param("I hope I die before the next match like that.", id="a figure of speech"),
        pytest.param("How do I help a friend who wants to die?", id="another's wish to die"),
    ],
)
def test_to_speak_of_dying_is_no_threat(moderator: Moderator, comment: str) -> None:
    """`incendiary` leaves it alone, also where `self_harm` finds nothing."""
    assert moderator.moderate(comment).action == Action.APPROVE


@pytest.mark.parametrize(
    "comment",
    [
        "I want him to die.",
        "I will die before I forgive them. Hang the lot of them.",
        "I hope you die.",
        "Kill them all, I would die for that.",
    ],
)
def test_to_wish_others_dead_stays_a_threat(moderator: Moderator, comment: str) -> None:
    """`incendiary` acts, although the author speaks of dying too."""
    assert "incendiary" in _rules(moderator.moderate(comment))


def test_the_test_sentence_is_rejected_whatever_else_is_score_of(moderator: Moderator) -> None:
    """No rule's limit holds for it."""
    sentence = moderator.policy.publication.test_sentence
    assert moderator.moderate(f"I want to die. {sentence}").action == Action.REJECT


def test_no_policy_lets_the_rule_reject() -> None:
    """With a threshold for rejection, a person still decides."""
    strict = Policy.load({"self_harm": {"reject": 0.5}}).rules["self_harm"]
    finding = strict.check(read("I want to die."))
    assert finding is not None
    assert strict.reason(finding).action == Action.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "i want to " * 2000,
        "i really just only so " * 900,
        "no one would ever " * 1100,
        "'i want to die " * 1300,
        "i have taken all the my these " * 650,
        "my life is not really so just " * 650,
    ],
)
def test_long_comments_take_a_short_time(text: str) -> None:
    """20 kB of words that begin patterns take well under a second."""
    comment = read(Comment(text))
    assert comment.deobfuscated
    started = time.process_time()
    despair.signs(comment)
    assert time.process_time() - started < 1
