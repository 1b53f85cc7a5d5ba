"""The worst sentence counts: civil sentences around it do not hide it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from moderation import Action, Moderator
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.scoring.worst_sentence import DISCOUNTS, Part, WorstSentenceScorer
from moderation.text.reading import Text, Weight, read

RULES = {"abuse", "personal_attack", "incendiary"}
CIVIL = """The municipal corporation has promised to repair the main road before the monsoon begins.
My daughter takes the metro to college and says that it is clean and quick.
The court asked the state to file its reply within four weeks.
Farmers in our district have waited two years for the new canal.
The price of onions has doubled since last month, and traders blame the rain.
I think the committee should publish its report so that the public can read it.
Our school has forty children in one class and only one teacher.
The bank has raised the interest rate on home loans by half a per cent.
Several residents wrote to the mayor, but they have not received an answer yet.
The hospital opened a new wing for children last week.
The minister explained that the scheme would cover all villages by March.
I have lived in this town for thirty years and have seen it grow.
The bridge was built in 1962 and needs to be inspected every year.
Public transport would be more useful if the buses ran after ten at night.
The editorial makes a fair point about the cost of the project.
Both parties voted for the bill after a debate of six hours.
The trains were late again because of fog in the north.
Small shops find it difficult to compete with the large online companies.
The university has changed the dates of its entrance examination twice.
We should plant more trees along the river to keep the banks firm.
The police have asked witnesses of the accident to come forward.
Last year the city spent more on advertisements than on its libraries.
The new stadium will have room for fifty thousand people.
Doctors say that clean water would prevent most of these illnesses.
The opposition has asked for a discussion of the budget in the assembly.
Many young people leave the village to look for work in the cities.
The article does not mention that a similar plan was tried in Kerala.
I hope that the new rules will be easier to understand than the old ones.""".splitlines()
HARMFUL = {
    "insult": "You are a complete fool and a coward.",
    "insult of a named person": "Mr Verma is a crook, a liar and a parasite.",
    "contempt": "What a pathetic, brainless moron you are.",
    "swearing": "This whole bloody article is fucking bullshit.",
    "obscenity": "Go suck your boss's dick, you whore.",
    "insult of the author": "The reporter is a filthy presstitute who sells herself for money.",
    "threat": "I will find you and break your legs.",
    "call to kill": "Somebody ought to put a bullet in that judge's head.",
    "call to violence": "Burn down their shops and chase them out of the state.",
    "hatred of a religion": "Muslims are filthy rats who should be wiped out.",
    "hatred of a caste": "Dalits are dirty animals and do not deserve education.",
    "hatred of women": "Women like her are sluts who deserve a beating.",
    "hatred of migrants": "These Bangladeshi migrants are vermin and must be exterminated.",
    "goading": "Do us all a favour and kill yourself.",
}


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """The shipped policy and models."""
    return Moderator.load()


def held(moderator: Moderator, comments: Sequence[str]) -> list[bool]:
    """Return whether a rule about abuse acts on each comment."""
    return [
        bool(RULES & {reason.rule for reason in decision.reasons})
        for decision in moderator.moderate_many(comments)
    ]


@pytest.mark.parametrize("sentences", [1, 2, 4, 8, 14, 28])
def test_civil_comment_is_not_held(moderator: Moderator, sentences: int) -> None:
    """Civil sentences alone are approved, however many."""
    assert held(moderator, [" ".join(CIVIL[:sentences])]) == [False]


def test_harmful_sentence_in_civil_company(moderator: Moderator) -> None:
    """Of 14 kinds of sentences that are held alone, 95 % are held at each place in company."""
    alone = held(moderator, list(HARMFUL.values()))
    assert all(alone)
    comments = [
        " ".join([*CIVIL[:place], sentence, *CIVIL[place:size]])
        for sentence in HARMFUL.values()
        for size in (1, 2, 4, 8, 14, 28)
        for place in sorted({0, size // 2, size})
    ]
    assert np.mean(held(moderator, comments)) >= 0.95


@pytest.mark.parametrize("scorer", ["careful", "fast"])
def test_the_words_of_the_sentence_are_marked(moderator: Moderator, scorer: str) -> None:
    """The spans of the finding are inside the harmful sentence."""
    sentence = HARMFUL["insult"]
    comment = " ".join([*CIVIL[:3], sentence, *CIVIL[3:6]])
    models = Moderator(moderator.policy, moderator.models, scorer=scorer)  # type: ignore[arg-type]
    reasons = models.moderate(comment).reasons
    (reason,) = [reason for reason in reasons if reason.rule == "abuse"]
    start = comment.index(sentence)
    assert reason.finding.spans
    for span in reason.finding.spans:
        assert start <= span.start < span.end <= start + len(sentence)


def test_insult_in_the_middle_of_a_long_comment(moderator: Moderator) -> None:
    """Every word of a comment of 560 words is read."""
    middle = [*CIVIL, HARMFUL["insult"], *CIVIL[:14]]
    assert held(moderator, [" ".join(middle)]) == [True]


def test_comment_that_was_not_read_in_full_goes_to_a_person(moderator: Moderator) -> None:
    """A person reads it, and the reason says why, whatever the score."""
    decision = moderator.moderate(" ".join(CIVIL * 8))
    (reason,) = [reason for reason in decision.reasons if reason.rule == "abuse"]
    assert reason.action == Action.REVIEW
    assert reason.finding.message.startswith("The comment is too long to be checked in full")


class Counting:
    """Scores a text by its number of exclamation marks, and suspects every sentence."""

    heads = ("toxicity", "spam")

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return the same score for both heads."""
        values = np.array([text.clean.count("!") / max(len(text.words), 1) for text in texts])
        return {"toxicity": values, "spam": values}

    def suspects(
        self, texts: Sequence[Text], parts: Sequence[Part], scores: Mapping[str, Probabilities]
    ) -> list[int]:
        """Suspect every sentence."""
        del texts, scores
        return list(range(len(parts)))

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the first word."""
        del head
        return [Weight(text.words[0].start, text.words[0].end, 1.0)]


def test_one_sentence_has_the_score_of_the_whole() -> None:
    """The scores of a comment of one sentence are those of the scorer, to the last bit."""
    text = read("Go away now!")
    scores = WorstSentenceScorer(Counting()).score([text])
    assert scores["toxicity"][0] == Counting().score([text])["toxicity"][0]


def test_worst_sentence_counts_less_its_discount() -> None:
    """Only heads with a discount count the worst sentence, and it is the one explained."""
    text = read("We met on Tuesday in the old town hall. Go away, all!")
    scorer = WorstSentenceScorer(Counting())
    scores = scorer.score([text])
    odds = np.log(1 / 2) - DISCOUNTS["toxicity"].of(2)
    assert scores["toxicity"][0] == pytest.approx(1 / (1 + np.exp(-odds)))
    assert scores["spam"][0] == pytest.approx(1 / 12)
    (weight,) = scorer.explain(text, "toxicity")
    assert text.clean[weight.start : weight.end] == "Go"
    (weight,) = scorer.explain(text, "spam")
    assert text.clean[weight.start : weight.end] == "We"


@pytest.mark.parametrize("reader", ["careful", "fast"])
def test_scores_do_not_depend_on_the_batch(reader: str) -> None:
    """A comment has the same scores alone and among others."""
    models = Models.load().with_reader(reader)
    comments = [" ".join([*CIVIL[:4], HARMFUL["threat"]]), "Well said.", " ".join(CIVIL[4:9])]

    def scores(batch: Sequence[str]) -> list[float]:
        texts = [read(comment) for comment in batch]
        models.score(texts)
        return [text.scores["threat"] for text in texts]

    alone = [scores([comment])[0] for comment in comments]
    assert scores(comments) == pytest.approx(alone, abs=1e-5)
