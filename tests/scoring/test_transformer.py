"""The careful reader, as it is shipped: what it must let pass and what it must see."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from moderation.scoring import onnx
from moderation.scoring.models import CAREFUL, load
from moderation.scoring.onnx import prepared, windows
from moderation.scoring.store import SHIPPED, champions
from moderation.scoring.transformer import TransformerScorer
from moderation.text.reading import read

LONG = "The council met on Tuesday to discuss the new bus routes and the cost of tickets. " * 30


@pytest.fixture(scope="module")
def reader() -> TransformerScorer:
    """The shipped careful reader."""
    found = load(SHIPPED / CAREFUL / champions(SHIPPED)[CAREFUL])
    assert isinstance(found, TransformerScorer)
    return found


def score(reader: TransformerScorer, comment: str, head: str = "toxicity") -> float:
    """One score of one comment."""
    return float(reader.score([read(comment)])[head][0])


@pytest.mark.parametrize(
    ("harmless", "harmful"),
    [
        pytest.param("I am a gay man.", "You are a gay idiot.", id="an identity, said neutrally"),
        pytest.param("I am a proud Dalit woman.", "Dalit women are filth.", id="caste and pride"),
        pytest.param("I don't hate Muslims.", "I hate Muslims.", id="negation"),
        pytest.param("Calling people vermin is wrong.", "You are vermin.", id="counter-speech"),
        pytest.param("This budget is stupid.", "You are stupid.", id="abuse of a thing"),
        pytest.param(
            "Mr. P. Chidambaram spoke in the Lok Sabha about Rs. 500 crore.",
            "Mr. P. Chidambaram is a corrupt idiot and a liar.",
            id="Indian names and numbers",
        ),
        pytest.param(
            "Police said the man was killed by a mob.",
            "Someone should kill you.",
            id="a report of violence",
        ),
    ],
)
def test_harmless_twin_is_below_the_harmful_one(
    reader: TransformerScorer, harmless: str, harmful: str
) -> None:
    """What is said counts and not about whom, and the harmless one stands below review."""
    assert score(reader, harmless) < min(0.45, score(reader, harmful))


@pytest.mark.parametrize("name", ["Shital", "Assam", "Cockburn", "Dikshit", "Nishit"])
def test_name_that_holds_a_rude_word_is_a_name(reader: TransformerScorer, name: str) -> None:
    """Names that the vocabulary does not know are not read as what they begin with."""
    assert score(reader, f"{name} and her brother came to the office.") < 0.3


@pytest.mark.parametrize("comment", ["You are an idiot.", "Shut up, you stupid moron!"])
def test_insult_is_seen(reader: TransformerScorer, comment: str) -> None:
    """Plain insults score high for toxicity and for personal attack."""
    assert score(reader, comment) > 0.6
    assert score(reader, comment, "personal_attack") > 0.6


def test_score_does_not_depend_on_neighbours(reader: TransformerScorer) -> None:
    """A comment scores the same alone and among longer ones."""
    comments = ["You are an idiot.", "Well said.", LONG]
    ensemble = reader.score([read(comment) for comment in comments])
    for row, comment in enumerate(comments):
        assert ensemble["toxicity"][row] == pytest.approx(score(reader, comment), abs=1e-5)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("", id="nothing"),
        pytest.param("🙏🙏", id="emoji alone"),
        pytest.param("a " * 10_240, id="20 kB of single letters"),
        pytest.param("x" * 20_480, id="20 kB without a space"),
        pytest.param("🐷" * 5_120, id="20 kB of emoji"),
    ],
)
def test_whatever_is_written_gets_probabilities(reader: TransformerScorer, comment: str) -> None:
    """Every comment has a probability for every head."""
    for values in reader.score([read(comment)]).values():
        assert np.all((values >= 0) & (values <= 1))


def test_no_more_is_read_than_a_bound() -> None:
    """However long a text, the windows read of it are few, its first and its last among them."""
    cuts = windows(1_000_000)
    assert len(cuts) == onnx.FIRST + onnx.LAST
    assert cuts[0].start == 0
    assert cuts[-1].stop >= 1_000_000
    assert all(cut.stop - cut.start <= onnx.WINDOW - 2 for cut in cuts)


def test_insult_at_the_end_of_a_long_comment_is_seen(reader: TransformerScorer) -> None:
    """The strictest window speaks."""
    assert score(reader, LONG) < 0.3 < score(reader, LONG + "You are a stupid idiot.")


def test_explanation_names_the_insult(reader: TransformerScorer) -> None:
    """The word that makes the insult weighs most; shares add up to one, heaviest first."""
    text = read("Dear Mr Rao, you are an idiot and the bus was late.")
    reader.score([text])
    weights = reader.explain(text, "insult")
    shares = [weight.share for weight in weights]
    assert text.clean[weights[0].start : weights[0].end] == "idiot"
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


def test_explanation_points_at_the_disguised_word(reader: TransformerScorer) -> None:
    """What is marked are the author's own characters, emoji and links before them or not."""
    text = read("🙏 https://example.com/a you are an 1d10t")
    reader.score([text])
    first = reader.explain(text, "insult")[0]
    assert text.clean[first.start : first.end] == "1d10t"


def test_without_the_words_it_names_the_score_falls(reader: TransformerScorer) -> None:
    """The explanation is faithful: deleting the first word lowers the score."""
    text = read("What a pathetic liar this man is, he should be ashamed.")
    whole = score(reader, text.clean)
    first = reader.explain(text, "toxicity")[0]
    assert score(reader, text.clean[: first.start] + text.clean[first.end :]) < whole


def test_threads_get_the_same_scores(reader: TransformerScorer) -> None:
    """Many threads may read at once."""
    comments = ["You are an idiot.", "Well said.", "Go away, fool.", "See you tomorrow."] * 4
    alone = [score(reader, comment) for comment in comments]
    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(lambda comment: score(reader, comment), comments)] == alone


def test_a_forked_worker_loads_its_own(
    reader: TransformerScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another process the network is loaded anew."""
    score(reader, "Well said.")
    before = reader.transformer.parts()
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert reader.transformer.parts()[0] is not before[0]
    monkeypatch.undo()


def test_prepared_text_leads_back() -> None:
    """Every place in the prepared text is a place in the text."""
    text = "@ravi you 🐷 see https://example.com/x now"
    view = prepared(text)
    at = view.text.index("pig")
    assert text[slice(*view.span(at, at + 3))] == "🐷"
    at = view.text.index("now")
    assert text[slice(*view.span(at, at + 3))] == "now"


def test_another_version_with_the_same_words(reader: TransformerScorer) -> None:
    """Its tokenizer is there already: reading one holds up whoever is asking meanwhile."""
    other = load(SHIPPED / CAREFUL / champions(SHIPPED)[CAREFUL])
    assert isinstance(other, TransformerScorer)
    session, tokenizer = reader.transformer.parts()
    assert other.transformer.parts()[0] is not session
    assert other.transformer.parts()[1] is tokenizer
