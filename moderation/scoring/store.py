"""Read and write models on disk: weights and a card in a folder, checked against hashes.

`models/<name>/<version>/` holds numpy arrays (`*.npy`, mapped into memory so that workers share
them), other files that a scorer loads itself, and `card.json` (see `card.py`). Nothing is
unpickled. `models/champion.json` names the version of each model that is in use.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moderation import paths
from moderation.scoring.card import CARD, AnyCard, Card, ModelError, parse

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "CHAMPION",
    "SHIPPED",
    "Files",
    "ModelError",
    "champions",
    "list_models",
    "save",
    "write_json",
]

CHAMPION = "champion.json"  # in the folder of models: which versions are in use
SHIPPED = paths.MODELS


@dataclass(frozen=True)
class Files:
    """A model's verified folder: its card, and its files by name.

    `card` is the JSON as it is on disk; `parsed_card` returns it as a typed object.
    """

    folder: Path
    card: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Files:
        """Return the model in `folder`. Raises `ModelError` if card and files do not agree."""
        try:
            card = json.loads((folder / CARD).read_text("utf-8"))
            parsed = parse(card, Card, folder)
            if "files" not in card:
                raise ModelError(f"{folder}: no usable model: {CARD}: files: Field required")
            for name, digest in parsed.files.items():
                if _digest(folder / name) != digest:
                    raise ModelError(f"{folder / name} is not the file its card describes")
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder}: no usable model: {error}") from error
        return cls(folder, card)

    def parsed_card(self, form: type[AnyCard]) -> AnyCard:
        """Return the card as an instance of the class `form`. A wrong key raises `ModelError`."""
        return parse(self.card, form, self.folder)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return the array in `name`.npy, mapped into memory. Pickled objects are refused."""
        import numpy as np  # imported here: a command that only lists models does not need it

        mapped = np.load(self.path(f"{name}.npy"), mmap_mode="r", allow_pickle=False)
        return np.asarray(mapped)  # a view: a memmap is slow to slice and to index

    def path(self, name: str) -> Path:
        """Return the path of a file. Raises `ModelError` if the card does not list it."""
        self.digest(name)
        return self.folder / name

    def digest(self, name: str) -> str:
        """Return the hash of a file. Raises `ModelError` if the card does not list it."""
        digests: Mapping[str, str] = self.card["files"]
        if name not in digests:
            raise ModelError(f"{self.folder}: the card does not list {name}")
        return digests[name]


def champions(root: Path) -> dict[str, str]:
    """Return the version in use of each model. Raises `ModelError` without a `champion.json`."""
    try:
        versions = json.loads((root / CHAMPION).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{root}: no {CHAMPION} can be read: {error}") from error
    if isinstance(versions, dict) and all(isinstance(value, str) for value in versions.values()):
        return versions
    raise ModelError(f"{root}: {CHAMPION} must name one version of each model")


def list_models(
    folder: Path | str | None = None,
) -> Iterator[tuple[str, str, bool, Mapping[str, Any]]]:
    """Yield each stored model: its name, its version, whether it is in use, and its card's JSON."""
    root = Path(folder) if folder else SHIPPED
    used = champions(root)
    for path in sorted(root.glob(f"*/[!.]*/{CARD}")):
        name, version = path.parts[-3:-1]
        yield name, version, used.get(name) == version, json.loads(path.read_text("utf-8"))


def save(
    folder: Path,
    card: Mapping[str, Any],
    arrays: Mapping[str, npt.NDArray[Any]],
    others: Mapping[str, bytes] | None = None,
) -> None:
    """Write a model to `folder`: completely, or not at all.

    The files are written to a temporary folder, which is then renamed. Their hashes are added to
    `card`.
    """
    import numpy as np

    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array, allow_pickle=False)
        for name, content in (others or {}).items():
            (partial / name).write_bytes(content)
        digests = {path.name: _digest(path) for path in sorted(partial.iterdir())}
        complete = {**card, "files": digests}
        (partial / CARD).write_text(json.dumps(complete, indent=2) + "\n", "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file in one step: readers see the old content or the new, never a part."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
