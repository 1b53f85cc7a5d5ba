"""Write model cards: what a model is, what data it was trained on, and how good it is.

A card is `card.json` in the folder of a model's version. `moderation/scoring/card.py` reads it.
"""

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
    """Return the content of `card.json` (the model card), without the hashes of the model's files.

    `moderation.scoring.store.save` adds the hashes. `kind` says which scorer in
    `moderation/scoring/` loads the model. `heads` are the names of the scores that the model gives.
    `data` lists the data sets that it was trained on; each entry has `name`, `rows`, `licence`,
    `citation` and `sha256`. `figures` maps the name of a data set and part to its metrics, each
    `{"value": …, "interval": [low, high], "rows": …}`. `more` holds settings that the scorer reads
    from the card, such as thresholds.
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
    """Return the name of a version: the first ten digits of the hash of its weights.

    The same data, code and seed give the same weights, and therefore the same name. The date of
    training does not count.

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
    """Write a new version of a model into the folder `home/<version>/`, and return this folder.

    The version is a challenger, which is not in use: `champion.json`, which names the versions in
    use, does not change. `others` maps the names of further files to their contents. If the version
    exists and is intact, its files are not touched, because it may be in use. If it is damaged, it
    is written again.
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
    """Yield the card of the model in `folder`, so that the caller can change it.

    When the `with` block ends, the card is written to `card.json`, completely or not at all.
    """
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
    for path in paths.sources():
        digest.update(path.relative_to(paths.PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return "sha256:" + digest.hexdigest()
