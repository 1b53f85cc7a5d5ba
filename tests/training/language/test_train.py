"""Training the language model, on a few rows written here."""

import csv
import gzip
import itertools
import random
from pathlib import Path

import pytest

from moderation.scoring import models, store
from moderation.scoring.language import LanguageScorer
from moderation.text.reading import read
from moderation.training.corpora.perturb import Names, lazy, mixed, slips
from moderation.training.corpora.splits import part
from moderation.training.language import dataset, train
from moderation.training.language.metrics import share
from moderation.training.language.romanise import letters, romanise

_ENGLISH = "the roads|the water|the bus|our street", "is|was|was not", "bad|late|right|so dirty"
_HINDI = "सड़क|पानी|बस|हमारी गली", "है|थी|नहीं थी", "खराब|देर से|ठीक|बहुत गंदी"
_GERMAN = (
    "die Straße|das Wasser|der Bus|der Weg",
    "ist|war|war nicht",
    "schlecht|zu spät|richtig|dort",
)


def _rng(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - for variety, not for secrets


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small corpus."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "english").mkdir()
    kinds = (("en", "ewt", _ENGLISH), ("non", "nat-hi", _HINDI), ("non", "lat-de", _GERMAN))
    with gzip.open(folder / dataset.FILE, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "source", "length", "text"])
        for label, source, slots in kinds:
            said = [" ".join(words) for words in itertools.product(*(x.split("|") for x in slots))]
            # Of all lengths in each part, for the score is calibrated by the length.
            for at, first in enumerate(said):
                for several in (1, 2, 3):
                    text = " ".join([first, *said[at - several : at - 1]])
                    writer.writerow([label, source, "4-8", text])
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on it."""
    return train.train(data, tmp_path_factory.mktemp("models"), seed=1, everyday=2)


def test_a_trained_model_tells_the_languages_apart(trained: Path) -> None:
    """What was learned is read back from the folder and judges texts it was not shown."""
    reader = models.load(trained)
    assert isinstance(reader, LanguageScorer)
    found = reader.score([read("the water was not late"), read("das Wasser war nicht richtig")])[
        "english"
    ]
    assert found[0] > 0.5 > found[1]


def test_the_card_tells_where_it_is_from(trained: Path) -> None:
    """The card has the data with its hash, figures with intervals, and the version in its name."""
    card = store.Files.open(trained).card
    assert card["data"][0]["sha256"]
    assert set(card["figures"]["right"]) == {"value", "interval", "rows"}
    assert trained.parent.name == "language"


def test_same_seed_same_examples(data: Path) -> None:
    """Examples are made in the same way each time."""
    assert list(dataset.examples(data, 5, 10)) == list(dataset.examples(data, 5, 10))


def test_made_texts_keep_the_part_of_their_row(data: Path) -> None:
    """What is made from a test row is never trained on."""
    rows = {part(row.text) for row in dataset.examples(data, 0, 10) if row.source == "nat-hi"}
    made = {row.part for row in dataset.examples(data, 0, 10) if row.source == "rom-hi"}
    assert made == rows


@pytest.mark.parametrize(
    ("word", "code", "sounds"),
    [
        pytest.param("नमक", "hi", "nəmək", id="the last vowel is silent in Hindi"),
        pytest.param("सरकार", "hi", "sərkār", id="and one between two syllables"),
        pytest.param("ज़मीन", "hi", "zəmīn", id="a dot below makes z of j"),
        pytest.param("ಕನ್ನಡ", "kn", "kənnədə", id="Kannada speaks every vowel"),
        pytest.param("தமிழ்", "ta", "təmizh", id="Tamil zh"),
        pytest.param("മലയാളം", "ml", "mələyāləm", id="Malayalam"),
        pytest.param("বাংলা", "bn", "bānlā", id="Bengali"),
    ],
)
def test_letters(word: str, code: str, sounds: str) -> None:
    """One table reads all Brahmic scripts."""
    assert letters(word, code, _rng(0)).replace("n", "m") == sounds.replace("n", "m")


def test_romanised_text_is_latin() -> None:
    """Nothing of the native script is left, and what was Latin stays."""
    for seed in range(20):
        text = romanise("यह BJP की सरकार है।", "hi", _rng(seed))
        assert text.isascii()
        assert "BJP" in text


def test_people_spell_differently() -> None:
    """Writers have habits of their own."""
    assert len({romanise("हमारा देश", "hi", _rng(seed)) for seed in range(20)}) > 2


def test_slips_and_case_keep_the_words() -> None:
    """Noise changes letters, never the number of words."""
    text = "The government doesn't listen to farmers"
    for seed in range(50):
        rng = _rng(seed)
        assert len(slips(text, rng, rate=1.0).split()) == len(text.split())
        assert len(lazy(text, rng).split()) == len(text.split())


def test_mixed_takes_the_share() -> None:
    """All words replaced at one, none at zero."""
    rng = _rng(0)
    assert mixed("yah sab kya hai", ["good"], rng, 1.0) == "good good good good"
    assert mixed("yah sab kya hai", ["good"], rng, 0.0) == "yah sab kya hai"


def test_planted_names_leave_the_words_in_order() -> None:
    """Names come between the words; the words stay as they were."""
    text = Names.load().planted("we all agree on this", _rng(2), 5)
    words = iter(text.split())
    assert all(word in words for word in "we all agree on this".split())
    assert len(text.split()) > 9


def test_no_rows_no_share() -> None:
    """A slice without rows says so and does not divide by nothing."""
    assert share([]) == {"value": None, "interval": [0.0, 1.0], "rows": 0}
