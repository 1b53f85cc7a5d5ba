"""Model cards: what a model is, what data it was trained on, and how good it is."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation import paths
from moderation.scoring import store

_LIBRARY = paths.PACKAGE

LIBRARIES = ("numpy", "scikit-learn", "joblib")


def card(
    *,
    name: str,
    kind: str,
    purpose: str,
    heads: Sequence[str],
    data: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any],
    seed: int,
    seconds: float,
    limits: str,
    libraries: Sequence[str] = LIBRARIES,
    **more: Any,
) -> dict[str, Any]:
    """Return a model's card for `moderation.scoring.store.save`, which adds the files' hashes.

    `kind` names the scorer in `moderation/scoring/`. Each entry of `data` has `name`, `rows`,
    `licence`, `citation` and `sha256`. `figures` maps the name of a data set and part to its
    metrics, each `{"value": …, "interval": [low, high], "rows": …}`. `more` holds what the
    scorer needs, such as a recipe or thresholds.
    """
    return {
        "name": name,
        "kind": kind,
        "purpose": purpose,
        "heads": list(heads),
        "licence": "Apache-2.0",
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seconds": round(seconds, 1),
        "seed": seed,
        "libraries": {
            "house-rules": importlib.metadata.version("house-rules"),
            "python": platform.python_version(),
            **{library: importlib.metadata.version(library) for library in libraries},
        },
        "code": code_hash(),
        "data": [dict(entry) for entry in data],
        "figures": dict(figures),
        "limits": limits,
        **more,
    }


def version_name(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return a version's name: the first ten digits of the hash of the weights.

    The same data, code and seed give the same weights, and so the same name. The date of
    training is in the card only.

    >>> version_name({"weights": np.zeros(3, np.int8)})
    '8eaeeaae62'
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:10]


def save_challenger(
    home: Path,
    card: Mapping[str, Any],
    arrays: Mapping[str, npt.NDArray[Any]],
    others: Mapping[str, bytes] | None = None,
) -> Path:
    """Write `home/<version>/` and return it. `champion.json` does not change.

    `others` are further files by name. An intact version that already exists is not touched,
    because it may be in use. A damaged one is written again.
    """
    files = {name: np.frombuffer(content, np.uint8) for name, content in (others or {}).items()}
    folder = home / version_name({**arrays, **files})
    try:
        store.Files.open(folder)
    except store.ModelError:
        store.save(folder, card, arrays, others)
    return folder


@contextmanager
def edited(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the card of the model in `folder` for changes, then write it atomically."""
    path = folder / "card.json"
    card = json.loads(path.read_text("utf-8"))
    yield card
    store.write_json(path, card)


def code_hash() -> str:
    """Return the hash of the library's code: all its Python and TOML files.

    >>> code_hash().startswith("sha256:")
    True
    """
    digest = hashlib.sha256()
    for path in sorted(_LIBRARY.rglob("*")):
        if path.suffix in (".py", ".toml"):
            digest.update(path.relative_to(_LIBRARY).as_posix().encode())
            digest.update(path.read_bytes())
    return "sha256:" + digest.hexdigest()
