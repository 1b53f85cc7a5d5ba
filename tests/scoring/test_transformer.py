"""The shipped transformer scorer: which comments get a low score, and which a high one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from moderation.scoring import onnx
from moderation.scoring.models import CAREFUL, load
from moderation.scoring.onnx import prepare, windows
from moderation.scoring.scorer import UNREAD
from moderation.scoring.store import SHIPPED, champions
from moderation.scoring.transformer import NOTE, TransformerScorer
from moderation.text.reading import read

LONG = "The council met on Tuesday to discuss the new bus routes and the cost of tickets. " * 30


@pytest.fixture(scope="module")
def scorer() -> TransformerScorer:
    """Return the shipped transformer scorer."""
    loaded = load(SHIPPED / CAREFUL / champions(SHIPPED)[CAREFUL])
    assert isinstance(loaded, TransformerScorer)
    return loaded


def score(scorer: TransformerScorer, comment: str, head: str = "toxicity") -> float:
    """Return one score of one comment."""
    return float(scorer.score([read(comment)])[head][0])


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
def test_harmless_comment_is_below_its_harmful_contrast(
    scorer: TransformerScorer, harmless: str, harmful: str
) -> None:
    """It counts what is said, not about whom. The harmless comment is below review."""
    assert score(scorer, harmless) < min(0.45, score(scorer, harmful))


@pytest.mark.parametrize("name", ["Shital", "Assam", "Cockburn", "Dikshit", "Nishit"])
def test_name_that_holds_a_rude_word_is_a_name(scorer: TransformerScorer, name: str) -> None:
    """A name that is not in the vocabulary is not read as the rude word in it."""
    assert score(scorer, f"{name} and her brother came to the office.") < 0.3


@pytest.mark.parametrize("comment", ["You are an idiot.", "Shut up, you stupid moron!"])
def test_insult_gets_a_high_score(scorer: TransformerScorer, comment: str) -> None:
    """Plain insults score high for toxicity and for personal attack."""
    assert score(scorer, comment) > 0.6
    assert score(scorer, comment, "personal_attack") > 0.6


def test_score_does_not_depend_on_neighbours(scorer: TransformerScorer) -> None:
    """A comment has the same score alone and in a batch with longer ones."""
    comments = ["You are an idiot.", "Well said.", LONG]
    batch = scorer.score([read(comment) for comment in comments])
    for row, comment in enumerate(comments):
        assert batch["toxicity"][row] == pytest.approx(score(scorer, comment), abs=1e-5)


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
def test_every_comment_gets_probabilities(scorer: TransformerScorer, comment: str) -> None:
    """Each head has a probability for each comment, however odd."""
    for values in scorer.score([read(comment)]).values():
        assert np.all((values >= 0) & (values <= 1))


def test_every_window_of_the_longest_comment_is_read() -> None:
    """The shipped policy's longest comment has 600 words, of at most three tokens here."""
    cuts = windows(1_800)
    assert [cut.start for cut in cuts[1:]] == [cut.stop for cut in cuts[:-1]]
    assert cuts[0].start == 0
    assert cuts[-1].stop >= 1_800


def test_the_number_of_windows_is_bounded() -> None:
    """Of a very long text, the first windows and the last one are read."""
    cuts = windows(1_000_000)
    assert len(cuts) == onnx.MOST_WINDOWS
    assert cuts[0].start == 0
    assert cuts[-1].stop >= 1_000_000
    assert all(cut.stop - cut.start <= onnx.WINDOW - 2 for cut in cuts)


@pytest.mark.parametrize(
    ("comment", "unread"),
    [
        pytest.param("Well said.", False, id="one window"),
        pytest.param(LONG, False, id="some windows"),
        pytest.param(LONG * 10, True, id="5,000 words"),
    ],
)
def test_a_text_that_was_not_read_in_full_is_noted(
    scorer: TransformerScorer, comment: str, unread: bool
) -> None:
    """Rules send such a text to a person."""
    text = read(comment)
    scorer.score([text])
    assert text.notes[UNREAD] is unread


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("The bus was late. You are an idiot. I walked.", id="plain"),
        pytest.param("🙏🙏 See https://example.com/a. You are an idiot. I walked.", id="edits"),
        pytest.param("The b.u.d.g.e.t is late. You are an 1d10t. I walked.", id="disguises"),
        pytest.param(f"{LONG}You are an idiot. {LONG}", id="several windows"),
    ],
)
def test_outputs_belong_to_their_sentence(scorer: TransformerScorer, comment: str) -> None:
    """The sentence with the insult has the highest outputs."""
    text = read(comment)
    scorer.score([text])
    context = scorer.in_context([text])
    column = scorer.heads.index("insult")
    worst = text.sentences[int(context.means[:, column].argmax())]
    assert worst.text.startswith("You are")
    assert len(context.tokens) == len(text.sentences)
    assert context.tokens.sum() == sum(len(w.ids) for w in text.notes[NOTE].windows)


def test_insult_at_the_end_of_a_long_comment_counts(scorer: TransformerScorer) -> None:
    """The window with the highest score counts."""
    assert score(scorer, LONG) < 0.3 < score(scorer, LONG + "You are a stupid idiot.")


def test_explanation_names_the_insult(scorer: TransformerScorer) -> None:
    """The insulting word weighs most. Shares are sorted and add up to one."""
    text = read("Dear Mr Rao, you are an idiot and the bus was late.")
    scorer.score([text])
    weights = scorer.explain(text, "insult")
    shares = [weight.share for weight in weights]
    assert text.clean[weights[0].start : weights[0].end] == "idiot"
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


def test_explanation_points_at_the_disguised_word(scorer: TransformerScorer) -> None:
    """The author's characters are marked, even after emoji and links."""
    text = read("🙏 https://example.com/a you are an 1d10t")
    scorer.score([text])
    first = scorer.explain(text, "insult")[0]
    assert text.clean[first.start : first.end] == "1d10t"


def test_explanation_is_faithful(scorer: TransformerScorer) -> None:
    """Deleting the word that weighed most lowers the score."""
    text = read("What a pathetic liar this man is, he should be ashamed.")
    full_score = score(scorer, text.clean)
    first = scorer.explain(text, "toxicity")[0]
    assert score(scorer, text.clean[: first.start] + text.clean[first.end :]) < full_score


def test_threads_get_the_same_scores(scorer: TransformerScorer) -> None:
    """Several threads may score at the same time."""
    comments = ["You are an idiot.", "Well said.", "Go away, fool.", "See you tomorrow."] * 4
    alone = [score(scorer, comment) for comment in comments]
    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(lambda comment: score(scorer, comment), comments)] == alone


def test_a_forked_worker_loads_its_own_network(
    scorer: TransformerScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process loads the network itself."""
    score(scorer, "Well said.")
    before = scorer.transformer.parts()
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert scorer.transformer.parts()[0] is not before[0]
    monkeypatch.undo()


def test_prepared_text_maps_back() -> None:
    """Each place in the prepared text has its place in the text."""
    text = "@ravi you 🐷 see https://example.com/x now"
    view = prepare(text)
    at = view.text.index("pig")
    assert text[slice(*view.span(at, at + 3))] == "🐷"
    at = view.text.index("now")
    assert text[slice(*view.span(at, at + 3))] == "now"


def test_another_version_shares_the_tokenizer(scorer: TransformerScorer) -> None:
    """Loading a tokenizer would stop all threads for a while."""
    other = load(SHIPPED / CAREFUL / champions(SHIPPED)[CAREFUL])
    assert isinstance(other, TransformerScorer)
    session, tokenizer = scorer.transformer.parts()
    assert other.transformer.parts()[0] is not session
    assert other.transformer.parts()[1] is tokenizer
