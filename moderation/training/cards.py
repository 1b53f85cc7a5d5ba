"""A model's card: what it is, what it learned from, and how good it is."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

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
    """The card of a model, for `moderation.models.save`, which adds the files' hashes.

    `kind` names the reader in `moderation/readers/`. Each entry of `data` has `name`, `rows`,
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
            "python": platform.python_version(),
            **{library: importlib.metadata.version(library) for library in libraries},
        },
        "data": [dict(entry) for entry in data],
        "figures": dict(figures),
        "limits": limits,
        **more,
    }


def version(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """A version's name: the day, and the start of the hash of the weights.

    >>> version({"weights": np.zeros(3, np.int8)}).split("-")[-1]
    '8eaeeaa'
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"{day}-{digest.hexdigest()[:7]}"
