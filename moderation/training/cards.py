"""A model's card: what it is, what it learned from, and how good it is."""

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
    """The card of a model, for `moderation.scoring.store.save`, which adds the files' hashes.

    `kind` names the reader in `moderation/scoring/`. Each entry of `data` has `name`, `rows`,
    `licence`, `citation` and `sha256`. `figures` holds each measure as `{"value": …,
    "interval": [low, high], "rows": …}` under the name of its data and part. `more` is what the
    reader needs (a recipe, thresholds).
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
        "code": code(),
        "data": [dict(entry) for entry in data],
        "figures": dict(figures),
        "limits": limits,
        **more,
    }


def version(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """A version's name: the start of the hash of the weights.

    The same data, code and seed give the same weights, and so the same name, on any day; when
    it was made stands in the card.

    >>> version({"weights": np.zeros(3, np.int8)})
    '8eaeeaae62'
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:10]


def challenger(
    home: Path,
    card: Mapping[str, Any],
    arrays: Mapping[str, npt.NDArray[Any]],
    others: Mapping[str, bytes] | None = None,
) -> Path:
    """Write `home/<version>/` and return it; `champion.json` stays as it is.

    A version that is there already is left alone, whole as it is: it may be in use.
    """
    named = {name: np.frombuffer(content, np.uint8) for name, content in (others or {}).items()}
    folder = home / version({**arrays, **named})
    try:
        store.Files.open(folder)
    except store.ModelError:
        store.save(folder, card, arrays, others)
    return folder


@contextmanager
def amended(folder: Path) -> Iterator[dict[str, Any]]:
    """The card of the model in `folder`, to change; written in one step at the end."""
    path = folder / "card.json"
    card = json.loads(path.read_text("utf-8"))
    yield card
    store.put(path, card)


def code() -> str:
    """The hash of all files of the library: what read, learned and measured.

    >>> code().startswith("sha256:")
    True
    """
    digest = hashlib.sha256()
    for path in sorted(_LIBRARY.rglob("*")):
        if path.suffix in (".py", ".toml"):
            digest.update(path.relative_to(_LIBRARY).as_posix().encode())
            digest.update(path.read_bytes())
    return "sha256:" + digest.hexdigest()
