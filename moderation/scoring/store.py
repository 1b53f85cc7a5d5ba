"""Read and write models on disk: weights and a card in a folder, checked against hashes.

`models/<name>/<version>/` holds numpy arrays (`*.npy`), other files that a scorer loads itself, and
`card.json` (see `card.py`). Nothing is unpickled. `models/champion.json` names the version of each
model that is in use.

The shipped models are only read. What a newsroom trains and promotes is in a folder of its own, so
that an upgrade never touches it. `ModelStore` looks into both.

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
from typing import TYPE_CHECKING, Any, NamedTuple

from moderation import paths
from moderation.scoring.card import CARD, AnyCard, Card, ModelError, parse

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "CHAMPION",
    "SHIPPED",
    "Files",
    "ModelError",
    "ModelStore",
    "StoredModel",
    "champions",
    "find",
    "save",
    "write_json",
]

CHAMPION = "champion.json"  # in a folder of models: which versions are in use
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


class StoredModel(NamedTuple):
    """A version of a model in a store: its folder, its card's JSON, and whether it is in use."""

    name: str
    version: str
    in_use: bool
    folder: Path
    card: Mapping[str, Any]


@dataclass(frozen=True)
class ModelStore:
    """The folder of a newsroom's own models and, under it, the folder of the shipped ones.

    `own` has the models that were trained and promoted here. Its `champion.json` names only the
    models whose version in use was chosen here; the others follow `shipped`. Without `shipped`, the
    folder `own` stands alone, and its `champion.json` names all models.
    """

    own: Path
    shipped: Path | None = None

    @classmethod
    def of(cls, root: AnyStore | str | None = None) -> ModelStore:
        """Return the store of a folder that stands alone. None means the newsroom's own store.

        The newsroom's own models are in the state directory (see `paths.home`).
        """
        if isinstance(root, ModelStore):
            return root
        return cls(Path(root)) if root else cls.at(paths.home())

    @classmethod
    def at(cls, home: Path) -> ModelStore:
        """Return the store of the state directory `home`, over the shipped models."""
        return cls(home / "models", SHIPPED)

    def chosen(self) -> dict[str, str]:
        """Return the versions that were put in use here. Raises `ModelError`.

        If `own` stands alone, it must have a `champion.json`.
        """
        if self.shipped and not (self.own / CHAMPION).exists():
            return {}
        return _versions(self.own)

    def defaults(self) -> dict[str, str]:
        """Return the versions that are in use where no other was chosen: the shipped ones."""
        return _versions(self.shipped) if self.shipped else {}

    def champions(self) -> dict[str, str]:
        """Return the version in use of each model. Raises `ModelError` if they cannot be read."""
        return self.defaults() | self.chosen()

    def find(self, model: str, version: str) -> Path:
        """Return the folder of a version of a model: the newsroom's own, or else the shipped one.

        If there is neither, returns where the newsroom's own would be.
        """
        own = self.own / model / version
        shipped = self.shipped / model / version if self.shipped else own
        return own if (own / CARD).is_file() or not (shipped / CARD).is_file() else shipped

    def notes(self, model: str, version: str) -> Path:
        """Return the folder for what is measured here about a version of a model. Creates it."""
        folder = self.own / model / version
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, model: str, version: str) -> Path:
        """Copy a shipped model to the newsroom's own, so that it survives an upgrade.

        Returns the newsroom's folder of the model. Does nothing if the model is there already, or
        nowhere. Raises `ModelError` if it cannot be copied.
        """
        source, target = self.find(model, version), self.own / model / version
        if source != target:
            try:
                _copy(source, self.notes(model, version))
            except OSError as error:
                raise ModelError(f"{target} cannot be written: {error.strerror}") from None
            Files.open(target)
        return target

    def stored(self) -> Iterator[StoredModel]:
        """Yield each stored model, by name and version."""
        used = self.champions()
        roots = [root for root in (self.own, self.shipped) if root]
        cards = {path.parts[-3:-1] for root in roots for path in root.glob(f"*/[!.]*/{CARD}")}
        for name, version in sorted(cards):
            folder = self.find(name, version)
            card = json.loads((folder / CARD).read_text("utf-8"))
            yield StoredModel(name, version, used.get(name) == version, folder, card)


AnyStore = ModelStore | Path
"""Where models are: a store, or a folder that stands alone."""


def champions(root: AnyStore) -> dict[str, str]:
    """Return the version in use of each model. Raises `ModelError` without a `champion.json`."""
    return ModelStore.of(root).champions()


def find(root: AnyStore, model: str, version: str) -> Path:
    """Return the folder of a version of a model."""
    return ModelStore.of(root).find(model, version)


def _copy(source: Path, target: Path) -> None:
    """Copy a model's files. A folder counts as a model once it has a card, so that comes last."""
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name != CARD:
            shutil.copyfile(path, target / path.name)
    partial = target / f".{CARD}.partial"
    shutil.copyfile(source / CARD, partial)
    partial.replace(target / CARD)


def _versions(folder: Path) -> dict[str, str]:
    """Return the versions that a `champion.json` names."""
    try:
        versions = json.loads((folder / CHAMPION).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: no {CHAMPION} can be read: {error}") from error
    if isinstance(versions, dict) and all(isinstance(value, str) for value in versions.values()):
        return versions
    raise ModelError(f"{folder}: {CHAMPION} must name one version of each model")


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
