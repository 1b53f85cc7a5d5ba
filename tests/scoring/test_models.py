"""Models on disk: refused if weights and card do not agree, written completely or not at all."""

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.scoring.card import Card, LinearCard
from moderation.scoring.card import read as read_card
from moderation.scoring.models import Models, load
from moderation.scoring.ngrams import Recipe
from moderation.scoring.store import SHIPPED, Files, ModelError, save
from moderation.text.reading import Text, read

CARD = {
    "kind": "linear",
    "heads": ["toxicity"],
    "recipe": {"chars": [1, 2], "words": [1, 1], "bits": 8},
}


def arrays(bits: int = 8) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a linear model to which only the word 'bad' is toxic."""
    recipe = Recipe((1, 2), (1, 1), bits)
    weights = np.zeros((2**bits, 1), np.float32)
    weights[recipe.vectors(["bad"])[1]] = 20
    return {
        "weights": weights,
        "scales": np.ones(1, np.float32),
        "intercepts": np.full(1, -4, np.float32),
        "knots": np.array([[[-9, 9]], [[0.0, 1.0]]], np.float32),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a sound model, which a champion.json names."""
    save(tmp_path / "abuse" / "1", CARD, arrays())
    (tmp_path / "champion.json").write_text('{"abuse": "1"}', "utf-8")
    return tmp_path / "abuse" / "1"


def change(folder: Path, **values: object) -> None:
    """Change values of the card."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text("utf-8"))
    (folder / "card.json").write_text(json.dumps(card | values), "utf-8")


def test_saved_model_is_read_back(folder: Path) -> None:
    """A saved model scores and explains."""
    models = Models.load(folder.parents[1])
    bad, good = read("so bad, so very bad"), read("fine")
    models.score([bad, good])
    assert bad.scores["toxicity"] > good.scores["toxicity"]
    assert bad.clean[bad.explain("toxicity")[0].start :].startswith("bad")
    assert models.versions == {"abuse": "1"}


def test_a_file_that_changes_while_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was hashed is what is loaded, even if each file changes right after its hash."""

    class Swapping:
        def hexdigest(self) -> str:
            for path in folder.glob("*.npy"):
                path.write_bytes(b"another file")
            return self.digest

        def __init__(self, content: bytes = b"") -> None:
            self.digest = sha256(content).hexdigest()

        @classmethod
        def of_file(cls, file: Any, _: str) -> "Swapping":
            return cls(file.read())

    sha256 = hashlib.sha256
    monkeypatch.setattr("hashlib.sha256", Swapping)
    monkeypatch.setattr("hashlib.file_digest", Swapping.of_file)
    files = Files.open(folder)
    assert (folder / "weights.npy").read_bytes() == b"another file"
    assert np.array_equal(files.array("weights"), arrays()["weights"])


def test_a_file_that_changes_in_its_place(folder: Path) -> None:
    """Loaded weights do not follow a file that is overwritten, as a mapping would."""
    weights = Files.open(folder).array("weights")
    with (folder / "weights.npy").open("r+b") as file:
        file.seek(-weights.nbytes, os.SEEK_END)
        file.write(b"\xff" * weights.nbytes)
    assert np.array_equal(weights, arrays()["weights"])
    with pytest.raises(ValueError, match="read-only"):
        weights[0] = 1


def test_damaged_file_is_refused(folder: Path) -> None:
    """The hash reveals one flipped bit in a file."""
    content = bytearray((folder / "weights.npy").read_bytes())
    content[-1] ^= 1
    (folder / "weights.npy").write_bytes(content)
    with pytest.raises(ModelError, match=r"weights\.npy is not the file its card describes"):
        load(folder)


def test_wrong_hash_in_the_card_is_refused(folder: Path) -> None:
    """A card that describes other files is refused."""
    change(folder, files={"weights.npy": "sha256:0"})
    with pytest.raises(ModelError, match="is not the file its card describes"):
        load(folder)


def test_file_the_card_does_not_list_is_not_read(folder: Path) -> None:
    """Only files whose hash is in the card are opened."""
    card = json.loads((folder / "card.json").read_text("utf-8"))
    del card["files"]["knots.npy"]
    change(folder, files=card["files"])
    with pytest.raises(ModelError, match=r"does not list knots\.npy"):
        load(folder)


def test_unknown_kind_is_refused(folder: Path) -> None:
    """An unknown kind is refused. No module of that name is imported."""
    change(folder, kind="os")
    with pytest.raises(ModelError, match="unknown kind of model 'os'"):
        load(folder)


@pytest.mark.parametrize("missing", ["card.json", "weights.npy"])
def test_incomplete_model_is_refused(folder: Path, missing: str) -> None:
    """A folder without its card, or without a file of it, is refused."""
    (folder / missing).unlink()
    with pytest.raises(ModelError, match="no usable model"):
        load(folder)


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"files": 3}', '{"files": null}'])
def test_broken_card_is_refused(folder: Path, card: str) -> None:
    """A damaged card raises `ModelError` and no other error."""
    (folder / "card.json").write_text(card, "utf-8")
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"heads": "toxicity"}, "heads: "),
        ({"recipe": {"chars": [1, 2], "words": [1, 1]}}, "recipe.bits: Field required"),
        ({"recipe": {"chars": [1], "words": [1, 1], "bits": 8}}, "recipe.chars"),
        ({"kind": None}, "kind: "),
    ],
)
def test_wrong_key_in_the_card_is_named(
    folder: Path, values: dict[str, object], problem: str
) -> None:
    """The error names the card and the key, and says what is wrong with it."""
    change(folder, **values)
    with pytest.raises(ModelError, match=rf"card\.json: {problem}"):
        load(folder)


def test_unknown_keys_of_the_card_are_kept(folder: Path) -> None:
    """A newsroom may note its own facts in a card."""
    change(folder, desk="Mumbai")
    card = Files.open(folder).parsed_card(LinearCard)
    assert (card.model_extra or {})["desk"] == "Mumbai"
    assert (card.kind, card.heads, card.recipe.bits) == ("linear", ("toxicity",), 8)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*/*/card.json")), ids=str)
def test_shipped_cards_are_read_without_loss(path: Path) -> None:
    """What is read from a shipped card is all that it holds."""
    content = json.loads(path.read_text("utf-8"))
    dumped = read_card(path.parent, Card).model_dump(mode="json", exclude_unset=True)
    assert dumped == content


def test_pickle_is_refused(folder: Path) -> None:
    """An array of Python objects could run code, so it is not opened even if its hash is right."""
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    sound = {name: array for name, array in arrays().items() if name != "weights"}
    save(folder, CARD, sound, {"weights.npy": pickled.getvalue()})
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize("champions", [None, "", "[]", '{"abuse": "9"}', '{"abuse": 3}'])
def test_champions_must_be_there(folder: Path, champions: str | None) -> None:
    """A champion.json that is missing, damaged, or names no model is refused."""
    path = folder.parents[1] / "champion.json"
    path.unlink() if champions is None else path.write_text(champions, "utf-8")
    with pytest.raises(ModelError):
        Models.load(folder.parents[1])


def test_save_that_fails_leaves_the_old_model(folder: Path) -> None:
    """A save that fails halfway changes nothing."""
    before = (folder / "card.json").read_bytes()
    broken = {**arrays(), "zz": np.array([object()])}
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        save(folder, CARD, broken)
    assert (folder / "card.json").read_bytes() == before
    assert load(folder).heads == ("toxicity",)


def test_save_replaces_the_folder(folder: Path) -> None:
    """None of the old model's files is left, and no temporary file."""
    save(folder, CARD, arrays(), {"extra.txt": b"x"})
    save(folder, CARD, arrays())
    assert not (folder / "extra.txt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


class Broken:
    """A scorer that fails."""

    heads: tuple[str, ...] = ("toxicity",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Any]:
        """Raise an error."""
        raise OSError(texts)

    def explain(self, text: Text, head: str) -> list[Any]:
        """Raise an error."""
        raise OSError(text, head)


def test_scorer_that_fails_leaves_a_gap(caplog: pytest.LogCaptureFixture) -> None:
    """A model that fails gives no score. Reading the score raises an error, it is not zero."""
    text = read("My secret.")
    Models({"abuse": Broken()}, {"abuse": "1"}).score([text])
    with pytest.raises(ModelError, match="no model gave the score 'toxicity'"):
        text.scores["toxicity"]
    assert caplog.messages == ["model abuse failed: OSError"]


class Fussy(Broken):
    """A scorer that fails on one text."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Any]:
        """Raise an error on 'poison'."""
        if any(text.clean == "poison" for text in texts):
            raise ValueError
        return {"toxicity": np.full(len(texts), 0.5)}


def test_one_text_does_not_cost_the_others_their_scores() -> None:
    """In a batch, only the text on which the model fails has no score."""
    texts = [read("Before."), read("poison"), read("After.")]
    Models({"abuse": Fussy()}, {"abuse": "1"}).score(texts)
    assert [text.scores.get("toxicity") for text in texts] == [0.5, None, 0.5]


def test_an_interrupted_save_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a save is interrupted between two files, there is no model and no temporary file."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    save(tmp_path / "abuse" / "1", CARD, arrays())
    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "abuse" / "2", CARD, arrays())
    assert [path.name for path in (tmp_path / "abuse").iterdir()] == ["1"]
