"""A second reading without harmless phrases lowers scores, and never raises them."""

from collections.abc import Mapping, Sequence

import numpy as np

from moderation.scoring.rereading import RereadingScorer
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight, read


class Counting:
    """A scorer that is alarmed by 'idiot' and by 'respect', and counts the texts that it reads."""

    heads = ("toxicity",)

    def __init__(self) -> None:
        self.texts = 0

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return 0.9 with 'idiot', 0.95 with 'respect', and else 0.1."""
        self.texts += len(texts)
        high = {"idiot": 0.9, "respect": 0.95}
        values = [
            max((score for word, score in high.items() if word in text.clean), default=0.1)
            for text in texts
        ]
        return {"toxicity": np.array(values)}

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the place of 'idiot'."""
        del head
        start = text.clean.find("idiot")
        return [Weight(start, start + 5, 1.0)] if start >= 0 else []


def test_the_lower_score_counts() -> None:
    """Each score is the lower of both readings."""
    scorer = RereadingScorer(Counting())
    texts = [
        read(text) for text in ("The idiot box is on.", "An idiot is on.", "Nobody is an idiot.")
    ]
    assert scorer.score(texts)["toxicity"].tolist() == [0.1, 0.9, 0.9]


def test_only_texts_that_matter_are_read_twice() -> None:
    """A text without a harmless phrase, or with low scores, is read once."""
    base = Counting()
    RereadingScorer(base).score([read("An idiot."), read("A bombshell."), read("The idiot box.")])
    assert base.texts == 4
    assert RereadingScorer(base).score([])["toxicity"].tolist() == []


def test_explanations_lead_back_to_the_author() -> None:
    """A place in the second reading is returned as a place in the comment."""
    scorer = RereadingScorer(Counting())
    text = read("The idiot box is on, you idiot.")
    scorer.score([text])
    assert [text.clean[w.start : w.end] for w in scorer.explain(text, "toxicity")] == ["idiot"]
    assert scorer.explain(text, "toxicity")[0].start == 25
