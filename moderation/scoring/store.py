"""Models on disk: weights and a card in a folder, read without pickle, checked against hashes.

`models/<name>/<version>/` holds numpy arrays (`*.npy`, mapped into memory so that workers share
them), files that a scorer loads itself, and `card.json`. The card names the kind of model, its
heads and the hash of every file. `models/champion.json` names the version of each model in use.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation import paths

CHAMPION = "champion.json"  # in the models' folder: which versions are in use
SHIPPED = paths.MODELS


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
        """A file that the scorer loads itself."""
        return self._known(name)

    def _known(self, name: str) -> Path:
        if name not in self.card["files"]:
            raise ModelError(f"{self.folder}: the card does not list {name}")
        return self.folder / name


def champions(root: Path) -> dict[str, str]:
    """The version of each model that is in use, by `champion.json`."""
    try:
        versions = json.loads((root / CHAMPION).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{root}: no {CHAMPION} that can be read: {error}") from error
    if isinstance(versions, dict) and all(isinstance(it, str) for it in versions.values()):
        return versions
    raise ModelError(f"{root}: {CHAMPION} must name one version of each model")


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
