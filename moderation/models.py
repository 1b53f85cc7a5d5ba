"""Models: weights and a card in a folder, read without pickle, checked against their hashes.

`models/<name>/<version>/` holds numpy arrays (`*.npy`, memory-mapped so that workers share
them), files a reader loads itself, and `card.json`, which names the kind of reader, its heads
and the hash of every file. `models/champion.json` names the version of each that is in use.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from moderation import paths
from moderation.text.reading import Text, Weight

FAST, CAREFUL = "abuse", "careful"  # two models that give the same scores

CHAMPION = "champion.json"  # beside the models: which are in use
SHIPPED = paths.MODELS

Probabilities = npt.NDArray[np.float64]

log = logging.getLogger(__name__)


class ModelError(RuntimeError):
    """A model that must not be used: missing, damaged, or not the one its card describes."""


@dataclass(frozen=True)
class Files:
    """A model's folder, verified: its card, and its files by name."""

    folder: Path
    card: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Files:
        """The model in `folder`; raises `ModelError` where card and files do not agree."""
        try:
            card = json.loads((folder / "card.json").read_text("utf-8"))
            expected = dict(card["files"])
            for name, digest in expected.items():
                if _digest(folder / name) != digest:
                    raise ModelError(f"{folder / name} is not the file its card describes")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{folder}: no usable model: {error}") from error
        return cls(folder, card)

    def array(self, name: str) -> npt.NDArray[Any]:
        """The array `name`.npy, mapped into memory and never unpickled."""
        path = self._known(f"{name}.npy")
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return np.asarray(mapped)  # a view: a memmap is slow to slice and to index

    def path(self, name: str) -> Path:
        """A file that the reader loads itself."""
        return self._known(name)

    def _known(self, name: str) -> Path:
        if name not in self.card["files"]:
            raise ModelError(f"{self.folder}: the card does not list {name}")
        return self.folder / name


class Reader(Protocol):
    """Gives texts their scores: one of `moderation/scoring/`."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores."""

    def read(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text; may leave `notes` on the texts."""

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The stretches of the clean text that weighed most for `head`, heaviest first."""


class Scores(dict[str, float]):
    """Scores by name. A missing one was not computed, because its model failed or is not there."""

    def __missing__(self, name: str) -> float:
        raise ModelError(f"no model gave the score '{name}'")


class Models:
    """The champions, loaded: they score texts and explain the scores."""

    def __init__(
        self, readers: Mapping[str, Reader], versions: Mapping[str, str], reader: str = CAREFUL
    ) -> None:
        self._loaded = readers, versions
        self.readers, self.versions = _chosen(dict(readers), dict(versions), reader)
        self._by_head = {head: reader for reader in self.readers.values() for head in reader.heads}

    @classmethod
    def load(
        cls, folder: Path | str | None = None, versions: Mapping[str, str] | None = None
    ) -> Models:
        """The champions under `folder` (the shipped ones by default), or other `versions`.

        Raises `ModelError` where one is missing, damaged or not the one its card describes.
        """
        root = Path(folder) if folder else SHIPPED
        return cls({}, {}).renewed(root, versions or champions(root))

    def renewed(self, root: Path, versions: Mapping[str, str]) -> Models:
        """Models of these `versions`, kept under `root`; what is loaded already is not read again.

        Raises `ModelError` as `load` does.
        """
        readers, loaded = self._loaded
        same = {name for name in versions if loaded.get(name) == versions[name]}
        return Models(
            {
                name: readers[name] if name in same else load(root / name / version)
                for name, version in versions.items()
            },
            dict(versions),
        )

    @property
    def loaded(self) -> Mapping[str, str]:
        """The version of each model that was loaded; `versions` names those that speak."""
        return self._loaded[1]

    @property
    def heads(self) -> frozenset[str]:
        """The names of all scores."""
        return frozenset(self._by_head)

    def speaking(self, reader: str) -> Models:
        """The same models, with abuse judged by the `careful` reader or by the `fast` one alone."""
        return Models(*self._loaded, reader)

    def replacing(self, name: str, version: str, reader: Reader) -> Models:
        """The same models, with another version of one of them."""
        readers, versions = self._loaded
        return Models({**readers, name: reader}, {**versions, name: version})

    def read(self, texts: Sequence[Text]) -> None:
        """Fill `scores`, `notes` and `explain` of each text. A model that fails leaves its gaps."""
        for text in texts:
            text.scores = Scores()
            text.explain = _Explain(self._by_head, text)
        for name, reader in self.readers.items():
            _score(name, reader, texts)


def _score(name: str, reader: Reader, texts: Sequence[Text]) -> None:
    """Fill one model's scores; a text on which it breaks costs the others of its batch nothing."""
    try:
        for head, values in reader.read(texts).items():
            for text, value in zip(texts, values.tolist(), strict=True):
                text.scores[head] = value  # type: ignore[index]  # it is the Scores of `read`
    except Exception as error:  # noqa: BLE001 - its checks then send to a person
        if len(texts) > 1:
            for text in texts:
                _score(name, reader, [text])
        else:
            log.error("model %s failed: %s", name, type(error).__name__)


def _chosen(
    readers: dict[str, Reader], versions: dict[str, str], reader: str
) -> tuple[dict[str, Reader], dict[str, str]]:
    """Of two readers of abuse the careful one behind the fast one, or the fast one alone."""
    if {FAST, CAREFUL} <= set(readers):
        careful = readers.pop(CAREFUL)
        if reader == CAREFUL:
            cascade = importlib.import_module("moderation.scoring.cascade")
            readers[FAST] = cascade.both(readers[FAST], careful, versions[FAST])
        else:
            del versions[CAREFUL]
    return readers, versions


@dataclass(frozen=True)
class _Explain:
    readers: Mapping[str, Reader]
    text: Text

    def __call__(self, head: str) -> list[Weight]:
        return self.readers[head].explain(self.text, head)


def champions(root: Path) -> dict[str, str]:
    """The version of each model that is in use, by `champion.json`."""
    try:
        versions = json.loads((root / CHAMPION).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{root}: no {CHAMPION} that can be read: {error}") from error
    if isinstance(versions, dict) and all(isinstance(it, str) for it in versions.values()):
        return versions
    raise ModelError(f"{root}: {CHAMPION} must name one version of each model")


def load(folder: Path) -> Reader:
    """The reader of the model in `folder`, by the kind that its card names."""
    files = Files.open(folder)
    kind = str(files.card.get("kind"))
    if kind not in KINDS:
        raise ModelError(f"{folder}: unknown kind of model '{kind}'; known are {', '.join(KINDS)}")
    module = importlib.import_module(f"moderation.scoring.{_MODULES.get(kind, kind)}")
    try:
        reader: Reader = module.load(files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: no usable model: {error!r}") from error
    return reader


_MODULES = {"careful": "transformer"}
KINDS = ("linear", "adapted", "language", "sentences", "careful")


def listing(folder: Path | str | None = None) -> Iterator[tuple[str, str, bool, Mapping[str, Any]]]:
    """Every model kept: name, version, whether it is champion, and its card."""
    root = Path(folder) if folder else SHIPPED
    used = champions(root)
    for card in sorted(root.glob("*/[!.]*/card.json")):
        name, version = card.parts[-3:-1]
        yield name, version, used.get(name) == version, json.loads(card.read_text("utf-8"))


def save(
    folder: Path,
    card: Mapping[str, Any],
    arrays: Mapping[str, npt.NDArray[Any]],
    others: Mapping[str, bytes] | None = None,
) -> None:
    """Write a model whole or not at all: into a folder beside it, then renamed into place."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array, allow_pickle=False)
        for name, content in (others or {}).items():
            (partial / name).write_bytes(content)
        digests = {path.name: _digest(path) for path in sorted(partial.iterdir())}
        whole = {**card, "files": digests}
        (partial / "card.json").write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def put(path: Path, value: object) -> None:
    """Write a JSON file in one step: whoever reads it finds the old one or the new one whole."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
