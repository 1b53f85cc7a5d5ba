"""Measure a challenger for the promotion gate: compare it with the model in use, keep the result.

`moderation.lifecycle.promotion.promote` reads what is kept, and refuses a challenger that is worse.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moderation.lifecycle import comparison
from moderation.lifecycle.promotion import require_stored
from moderation.lifecycle.shadow import ShadowPair
from moderation.policy import Policy
from moderation.training.evaluation import shadow
from moderation.training.evaluation.compare import changes, compare


def measure(
    root: Path,
    model: str,
    version: str,
    *,
    data: Path | None = None,
    texts: Iterable[str] | None = None,
    pairs: Iterable[ShadowPair] = (),
    policy: Policy | None = None,
    seed: int = 0,
    most: int = 400,
) -> dict[str, Any]:
    """Compare a challenger with the model in use, and leave the result for `promote`.

    `data` is the folder of the public sets, of which at most `most` rows each are read. `texts` are
    comments to decide with both. `pairs` are the decisions that the challenger made in shadow.
    The result has `record` only if there are `texts`, and `shadow` only if there are `pairs`.
    Raises `RefusedError` if there is no such version, `ModelError` if it cannot be used.
    """
    require_stored(root, model, version)
    in_shadow = shadow.summary(pairs)
    result = compare(data, root, model, version, seed=seed, most=most, policy=policy)
    if texts is not None:
        result["record"] = changes(root, model, version, texts, policy)
    if in_shadow["decisions"]:
        result = comparison.with_shadow(
            result, in_shadow, worse=shadow.significantly_worse(in_shadow)
        )
    comparison.save(root / model / version, result)
    return result
