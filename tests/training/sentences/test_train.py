"""The sentences model, from a treebank of our own to scores, on a small scale."""

import gzip
import json
import random
from pathlib import Path

import pytest

from moderation.scoring import models
from moderation.text.reading import read
from moderation.training.corpora.splits import part
from moderation.training.sentences.dataset import DEV, TRAIN, own
from moderation.training.sentences.fragments import disturbed, example, fragments
from moderation.training.sentences.train import train
from moderation.training.sentences.treebank import trees

NAMES = "Ravi Meena Arvind Fatima John Lakshmi Gurpreet Joseph Priya Sarah Anil Kavita".split()
TEXTS = ["She lied because they agreed.", "The old house of my uncle."] * 20
FULL = "{} PROPN _ 2 nsubj|{} VERB VerbForm=Fin 0 root|because SCONJ _ 5 mark|they PRON _ 5 nsubj|"
FULL += "agreed VERB VerbForm=Fin 2 advcl|. PUNCT _ 2 punct"
FRAGMENT = "The DET _ 3 det|{} ADJ _ 3 amod|{} NOUN _ 0 root|of ADP _ 5 case|{} PROPN _ 3 nmod"
FRAGMENT += "|. PUNCT _ 3 punct"


def treebank() -> str:
    """Sentences and fragments, in CoNLL-U."""
    filled = [FULL.format(name, verb) for name in NAMES for verb in ("lied", "won", "left", "ran")]
    filled += [
        FRAGMENT.format(adjective, noun, name)
        for name in NAMES
        for adjective, noun in (("old", "house"), ("sad", "story"), ("big", "day"))
    ]
    found = []
    for words in filled:
        rows = [word.split() for word in words.split("|")]
        found.append("# text = " + " ".join(row[0] for row in rows))
        for at, (form, kind, features, head, relation) in enumerate(rows, 1):
            columns = [str(at), form, "_", kind, "_", features, head, relation, "_", "_"]
            found.append("\t".join(columns))
        found.append("")
    return "\n".join(found) + "\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds the treebank."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "sentences").mkdir()
    for name in (TRAIN, DEV):
        (folder / name).write_bytes(gzip.compress(treebank().encode()))
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learned from it."""
    return train(data, tmp_path_factory.mktemp("models"), seed=1, jobs=1, texts=TEXTS, epochs=0)


def test_the_model_tells_sentences_from_fragments(trained: Path) -> None:
    """What was learned shows in what the reader says of new names."""
    reader = models.load(trained)
    texts = [read("Vikram won because they agreed."), read("The sad house of Vikram.")]
    full, fragment = reader.score(texts)["full_sentences"].tolist()
    assert full > 0.5 > fragment
    assert [sentence.missing for sentence in texts[1].notes["sentences"]] == ["verb"]


def test_the_card_says_what_it_learned_from(trained: Path) -> None:
    """Data, licences, seed and figures with intervals stand in the card."""
    card = json.loads((trained / "card.json").read_text("utf-8"))
    assert [entry["licence"] for entry in card["data"]] == ["CC BY-SA 4.0", "Apache-2.0"]
    assert card["seed"] == 1
    for figure in card["figures"].values():
        low, high = figure["interval"]
        assert 0 <= low <= figure["value"] <= high <= 1


def test_the_same_seed_gives_the_same_weights(trained: Path, data: Path, tmp_path: Path) -> None:
    """Training can be repeated to the last bit."""
    again = train(data, tmp_path, seed=1, jobs=1, texts=TEXTS, epochs=0)
    first, second = (
        json.loads((path / "card.json").read_text("utf-8")) for path in (trained, again)
    )
    assert first["files"] == second["files"]


def test_fragments_are_cut_from_trees(data: Path) -> None:
    """'because they agreed' is cut out of 'Ravi lied because they agreed.'"""
    tree = next(trees(data / TRAIN))
    whole = example(tree)
    assert whole is not None
    cut = {
        " ".join(token.text for token in found.tokens)
        for seed in range(20)
        for found in fragments(tree, whole, random.Random(seed))  # noqa: S311 - not for secrets
    }
    assert cut == {"because they agreed ."}


def test_disturbing_keeps_the_answer(data: Path) -> None:
    """Noise changes letters and signs; the sentence stays full and keeps its words."""
    whole = example(next(trees(data / TRAIN)))
    assert whole is not None
    for seed in range(50):
        changed = disturbed(whole, random.Random(seed))  # noqa: S311 - not for secrets
        assert changed.full
        assert changed.roles is not None
        assert len(changed.roles) == len(changed.tokens) > 4


def test_own_sentences_have_both_answers_in_both_parts() -> None:
    """Our own examples train and test on sentences and on fragments, each text once."""
    rows = list(own())
    assert {(side, one.full) for side, one in rows} == {
        (side, full) for side in ("train", "test") for full in (True, False)
    }
    texts = [" ".join(token.text for token in one.tokens) for _, one in rows]
    assert len(set(texts)) == len(texts)
    assert part(texts[0]) in ("train", "validation", "test")
