"""Compare a challenger with the model in use, and save the result for promotion.

This module measures. `promote` in `moderation.lifecycle.promotion` reads the saved result, and
refuses a challenger that was not compared or is worse. `moderation.lifecycle.comparison` stores the
result.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moderation.lifecycle import comparison
from moderation.lifecycle.promotion import require_stored
from moderation.lifecycle.shadow import ShadowPair
from moderation.policy import Policy
from moderation.scoring.store import AnyStore, ModelStore
from moderation.training.evaluation import shadow
from moderation.training.evaluation.compare import changes, compare


def measure(
    root: AnyStore,
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
    """Compare a challenger with the model in use, save the result for `promote`, and return it.

    `data` is the folder of the public data sets; at most `most` rows of each are read. `texts` are
    comments to decide with both models. `pairs` are decisions that the challenger made in shadow
    (without effect, beside the model in use), with the decisions of the model in use. The result
    has `record` only if there are `texts`, and `shadow` only if there are `pairs`. Raises
    `RefusedError` if the challenger's version does not exist, and `ModelError` if it cannot be
    used.
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
    comparison.save(ModelStore.of(root).notes(model, version), result)
    return result
