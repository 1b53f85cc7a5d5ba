"""Training the sentences model on a small treebank written here."""

import gzip
import json
import random
from pathlib import Path

import pytest

from moderation.scoring import models
from moderation.text.reading import read
from moderation.training.corpora.splits import part
from moderation.training.sentences.dataset import DEV, TRAIN, in_house
from moderation.training.sentences.fragments import example_of, fragments, perturb
from moderation.training.sentences.train import train
from moderation.training.sentences.treebank import trees

NAMES = "Ravi Meena Arvind Fatima John Lakshmi Gurpreet Joseph Priya Sarah Anil Kavita".split()
TEXTS = ["She lied because they agreed.", "The old house of my uncle."] * 20
FULL = "{} PROPN _ 2 nsubj|{} VERB VerbForm=Fin 0 root|because SCONJ _ 5 mark|they PRON _ 5 nsubj|"
FULL += "agreed VERB VerbForm=Fin 2 advcl|. PUNCT _ 2 punct"
FRAGMENT = "The DET _ 3 det|{} ADJ _ 3 amod|{} NOUN _ 0 root|of ADP _ 5 case|{} PROPN _ 3 nmod"
FRAGMENT += "|. PUNCT _ 3 punct"


def treebank() -> str:
    """Return sentences and fragments in CoNLL-U."""
    sentences = [
        FULL.format(name, verb) for name in NAMES for verb in ("lied", "won", "left", "ran")
    ]
    sentences += [
        FRAGMENT.format(adjective, noun, name)
        for name in NAMES
        for adjective, noun in (("old", "house"), ("sad", "story"), ("big", "day"))
    ]
    lines = []
    for sentence in sentences:
        rows = [word.split() for word in sentence.split("|")]
        lines.append("# text = " + " ".join(row[0] for row in rows))
        for number, (form, pos, features, head, relation) in enumerate(rows, 1):
            columns = [str(number), form, "_", pos, "_", features, head, relation, "_", "_"]
            lines.append("\t".join(columns))
        lines.append("")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the treebank."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "sentences").mkdir()
    for name in (TRAIN, DEV):
        (folder / name).write_bytes(gzip.compress(treebank().encode()))
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model trained on the treebank."""
    return train(data, tmp_path_factory.mktemp("models"), seed=1, jobs=1, texts=TEXTS, epochs=0)


def test_the_model_tells_sentences_from_fragments(trained: Path) -> None:
    """The loaded model scores sentences with names that are not in the treebank."""
    scorer = models.load(trained)
    texts = [read("Vikram won because they agreed."), read("The sad house of Vikram.")]
    full, fragment = scorer.score(texts)["full_sentences"].tolist()
    assert full > 0.5 > fragment
    assert [sentence.missing for sentence in texts[1].notes["sentences"]] == ["verb"]


def test_card_has_sources_seed_and_metrics(trained: Path) -> None:
    """The card lists licences, the seed, and metrics with confidence intervals."""
    card = json.loads((trained / "card.json").read_text("utf-8"))
    assert [entry["licence"] for entry in card["data"]] == ["CC BY-SA 4.0", "Apache-2.0"]
    assert card["seed"] == 1
    for metric in card["figures"].values():
        low, high = metric["interval"]
        assert 0 <= low <= metric["value"] <= high <= 1


def test_same_seed_gives_the_same_weights(trained: Path, data: Path, tmp_path: Path) -> None:
    """Two runs with one seed write identical files."""
    again = train(data, tmp_path, seed=1, jobs=1, texts=TEXTS, epochs=0)
    first, second = (
        json.loads((path / "card.json").read_text("utf-8")) for path in (trained, again)
    )
    assert first["files"] == second["files"]


def test_fragments_are_cut_from_trees(data: Path) -> None:
    """'because they agreed' is cut out of 'Ravi lied because they agreed.'"""
    tree = next(trees(data / TRAIN))
    sentence = example_of(tree)
    assert sentence is not None
    cut = {
        " ".join(token.text for token in fragment.tokens)
        for seed in range(20)
        for fragment in fragments(tree, sentence, random.Random(seed))  # noqa: S311 - not for secrets
    }
    assert cut == {"because they agreed ."}


def test_perturbing_keeps_the_labels(data: Path) -> None:
    """Letters and punctuation may change; the words and labels of the sentence stay."""
    sentence = example_of(next(trees(data / TRAIN)))
    assert sentence is not None
    for seed in range(50):
        perturbed = perturb(sentence, random.Random(seed))  # noqa: S311 - not for secrets
        assert perturbed.full
        assert perturbed.roles is not None
        assert len(perturbed.roles) == len(perturbed.tokens) > 4


def test_own_sentences_have_both_labels_in_both_parts() -> None:
    """Both parts have sentences and fragments, and no text occurs twice."""
    rows = list(in_house())
    assert {(side, example.full) for side, example in rows} == {
        (side, full) for side in ("train", "test") for full in (True, False)
    }
    texts = [" ".join(token.text for token in example.tokens) for _, example in rows]
    assert len(set(texts)) == len(texts)
    assert part(texts[0]) in ("train", "validation", "test")
