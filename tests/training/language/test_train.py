"""Training the language model on a small corpus written here."""

import csv
import gzip
import itertools
import random
from pathlib import Path

import pytest

from moderation.scoring import models, store
from moderation.scoring.language import LanguageScorer
from moderation.text.reading import read
from moderation.training.corpora.perturb import Names, as_typed, code_mixed, typos
from moderation.training.corpora.splits import part
from moderation.training.language import dataset, train
from moderation.training.language.metrics import proportion
from moderation.training.language.romanise import phonemes, romanise

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
    """A data folder with a small corpus."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "english").mkdir()
    corpora = (("en", "ewt", _ENGLISH), ("non", "nat-hi", _HINDI), ("non", "lat-de", _GERMAN))
    with gzip.open(folder / dataset.FILE, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "source", "length", "text"])
        for label, source, slots in corpora:
            choices = [slot.split("|") for slot in slots]
            sentences = [" ".join(words) for words in itertools.product(*choices)]
            # Each part needs texts of all lengths: the score is calibrated by the length.
            for index, sentence in enumerate(sentences):
                for count in (1, 2, 3):
                    text = " ".join([sentence, *sentences[index - count : index - 1]])
                    writer.writerow([label, source, "4-8", text])
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model trained on the corpus."""
    return train.train(data, tmp_path_factory.mktemp("models"), seed=1, everyday=2)


def test_model_tells_english_from_german(trained: Path) -> None:
    """The loaded model scores texts that are not in the corpus."""
    scorer = models.load(trained)
    assert isinstance(scorer, LanguageScorer)
    texts = [read("the water was not late"), read("das Wasser war nicht richtig")]
    english, german = scorer.score(texts)["english"].tolist()
    assert english > 0.5 > german


def test_card_has_data_and_metrics(trained: Path) -> None:
    """The card has the hash of the data, and metrics with confidence intervals."""
    card = store.Files.open(trained).card
    assert card["data"][0]["sha256"]
    assert set(card["figures"]["right"]) == {"value", "interval", "rows"}
    assert trained.parent.name == "language"


def test_same_seed_gives_the_same_examples(data: Path) -> None:
    """Generated examples are reproducible."""
    assert list(dataset.examples(data, 5, 10)) == list(dataset.examples(data, 5, 10))


def test_generated_texts_have_the_part_of_their_row(data: Path) -> None:
    """A text that is generated from a test row is never trained on."""
    rows = {part(row.text) for row in dataset.examples(data, 0, 10) if row.source == "nat-hi"}
    generated = {row.part for row in dataset.examples(data, 0, 10) if row.source == "rom-hi"}
    assert generated == rows


@pytest.mark.parametrize(
    ("word", "code", "sounds"),
    [
        pytest.param("नमक", "hi", "nəmək", id="the last vowel is silent in Hindi"),
        pytest.param("सरकार", "hi", "sərkār", id="and so is one between two syllables"),
        pytest.param("ज़मीन", "hi", "zəmīn", id="a dot below changes j to z"),
        pytest.param("ಕನ್ನಡ", "kn", "kənnədə", id="every vowel is spoken in Kannada"),
        pytest.param("தமிழ்", "ta", "təmizh", id="Tamil zh"),
        pytest.param("മലയാളം", "ml", "mələyāləm", id="Malayalam"),
        pytest.param("বাংলা", "bn", "bānlā", id="Bengali"),
    ],
)
def test_phonemes(word: str, code: str, sounds: str) -> None:
    """One table transcribes all Brahmic scripts."""
    assert phonemes(word, code, _rng(0)).replace("n", "m") == sounds.replace("n", "m")


def test_romanised_text_is_latin() -> None:
    """No native-script letter is left, and Latin words stay as they are."""
    for seed in range(20):
        text = romanise("यह BJP की सरकार है।", "hi", _rng(seed))
        assert text.isascii()
        assert "BJP" in text


def test_writers_spell_differently() -> None:
    """Each writer has other spelling habits."""
    assert len({romanise("हमारा देश", "hi", _rng(seed)) for seed in range(20)}) > 2


def test_typing_errors_keep_the_number_of_words() -> None:
    """Typing errors and case change letters, never the number of words."""
    text = "The government doesn't listen to farmers"
    for seed in range(50):
        rng = _rng(seed)
        assert len(typos(text, rng, rate=1.0).split()) == len(text.split())
        assert len(as_typed(text, rng).split()) == len(text.split())


def test_mixed_replaces_the_given_share() -> None:
    """At 1.0 all words are replaced, at 0.0 none."""
    rng = _rng(0)
    assert code_mixed("yah sab kya hai", ["good"], rng, 1.0) == "good good good good"
    assert code_mixed("yah sab kya hai", ["good"], rng, 0.0) == "yah sab kya hai"


def test_planted_names_keep_the_words_in_order() -> None:
    """Names are inserted between the words; the words do not change."""
    text = Names.load().plant("we all agree on this", _rng(2), 5)
    words = iter(text.split())
    assert all(word in words for word in "we all agree on this".split())
    assert len(text.split()) > 9


def test_proportion_of_no_rows_is_none() -> None:
    """A slice without rows has no value and the widest interval."""
    assert proportion([]) == {"value": None, "interval": [0.0, 1.0], "rows": 0}
