"""Read and write models on disk: weights and a card in a folder, checked against hashes.

`models/<name>/<version>/` holds numpy arrays (`*.npy`), other files that a scorer loads itself, and
`card.json` (see `card.py`). Nothing is unpickled. `models/champion.json` names the version of each
model that is in use.

Each file is read once. Its hash is checked on the bytes in memory, and the scorer is loaded from
the same bytes. So a file that changes later, on its way or in its place, has no effect. Files are
not mapped into memory, because a mapping follows changes of the file. Worker processes share the
memory all the same: they are forked after the models were loaded.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
    """A model's verified content: its card, and the bytes of its files by name.

    `card` is the JSON as it is on disk; `parsed_card` returns it as a typed object.
    """

    folder: Path
    card: Mapping[str, Any]
    contents: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> Files:
        """Return the model in `folder`. Raises `ModelError` if card and files do not agree."""
        try:
            card = json.loads((folder / CARD).read_text("utf-8"))
            parsed = parse(card, Card, folder)
            if "files" not in card:
                raise ModelError(f"{folder}: no usable model: {CARD}: files: Field required")
            contents = {name: (folder / name).read_bytes() for name in parsed.files}
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder}: no usable model: {error}") from error
        for name, digest in parsed.files.items():
            if _digest(contents[name]) != digest:
                raise ModelError(f"{folder / name} is not the file its card describes")
        return cls(folder, card, contents)

    @classmethod
    def without_card(cls, folder: Path, *names: str) -> Files:
        """Return files of a folder without a card, as training needs."""
        contents = {name: (folder / name).read_bytes() for name in names}
        return cls(folder, {"files": {name: _digest(contents[name]) for name in names}}, contents)

    def parsed_card(self, form: type[AnyCard]) -> AnyCard:
        """Return the card as an instance of the class `form`. A wrong key raises `ModelError`."""
        return parse(self.card, form, self.folder)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return the array in `name`.npy, which is read-only. Pickled objects are refused."""
        import numpy as np  # imported here: a command that only lists models does not need it

        array: npt.NDArray[Any] = np.load(io.BytesIO(self.read(f"{name}.npy")), allow_pickle=False)
        array.flags.writeable = False
        return array

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raises `ModelError` if the card does not list it."""
        self.digest(name)
        return self.contents[name]

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
        digests = {path.name: _digest(path.read_bytes()) for path in sorted(partial.iterdir())}
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


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
