"""Store and read the comparison of a challenger with the champion.

The champion is the version of a model that is in use, and a challenger is a version that may
replace it. The command `moderation models compare` measures a comparison with
`moderation.training.evaluation.gate`. It saves the result with this module, as `comparison.json` in
the challenger's folder. `moderation.lifecycle.promotion` reads this file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from moderation.scoring.store import write_json

COMPARISON = "comparison.json"
IN_SHADOW = "moderators' verdicts, in shadow"

_NOT_STORED = ("record", "shadow")  # they hold comments' texts and references


class Comparison(BaseModel):
    """The parts of a comparison that are needed to promote a challenger. Other keys are kept.

    `measured` is the number of metrics that were compared. `worse` names the metrics in which the
    challenger is worse than chance explains. `versions` holds two sets of models: first the models
    in use, then the same models with the challenger in place of the champion.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    champion: str | None = None
    measured: int = 0
    worse: tuple[str, ...] = ()
    versions: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Comparison | None:
        """Read the comparison in the folder of a challenger. Return None if it cannot be read."""
        try:
            return cls.model_validate(_content(folder))
        except ValidationError:
            return None

    def is_with(self, champion: str | None, used: Mapping[str, str]) -> bool:
        """Return whether the challenger was compared with `champion` while `used` were in use.

        `used` maps each model to its version in use.
        """
        return self.champion == champion and (not self.versions or self.versions[0] == used)


def with_shadow(
    comparison: Mapping[str, Any], summary: Mapping[str, Any], *, worse: bool
) -> dict[str, Any]:
    """Return the comparison with the summary of the challenger's decisions in shadow.

    In shadow, the challenger decides some comments without any effect. Set `worse` if moderators
    agreed with the champion significantly more often. The comparison's list `worse` then says so.
    """
    objections = [*comparison["worse"], *([IN_SHADOW] if worse else [])]
    return {**comparison, "worse": objections, "shadow": summary}


def save(folder: Path, comparison: Mapping[str, Any]) -> None:
    """Save a comparison as `comparison.json`, without comments' texts and authors' references.

    If an earlier comparison of the same models measured more metrics, the earlier one is kept. Then
    only one fact of the new comparison is saved: whether moderators agreed more with the champion.
    """
    earlier = Comparison.read(folder)
    latest = Comparison.model_validate(comparison)
    stored: Mapping[str, Any] = comparison
    if earlier and earlier.versions == latest.versions and earlier.measured > latest.measured:
        measured = [name for name in earlier.worse if name != IN_SHADOW]
        by_moderators = [name for name in latest.worse if name == IN_SHADOW]
        stored = {**_content(folder), "worse": [*measured, *by_moderators]}
    write_json(folder / COMPARISON, {key: stored[key] for key in stored if key not in _NOT_STORED})


def _content(folder: Path) -> Any:
    """Return the content of `comparison.json` in `folder`; None if it cannot be read."""
    try:
        return json.loads((folder / COMPARISON).read_text("utf-8"))
    except (OSError, ValueError):
        return None
