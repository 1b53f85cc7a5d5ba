"""A challenger's comparison with the model in use: `compare` leaves it, `promote` reads it.

It is `comparison.json` in the challenger's folder. `training.evaluation.gate` measures it.
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
    """The part of a comparison that promotion needs. Other keys are kept.

    `measured` counts the scores that were compared. `worse` names what is worse beyond chance.
    `versions` has the models that decided: those in use, and those with the challenger.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    champion: str | None = None
    measured: int = 0
    worse: tuple[str, ...] = ()
    versions: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Comparison | None:
        """Return the comparison of the challenger in `folder`; None if it cannot be read."""
        try:
            return cls.model_validate(_content(folder))
        except ValidationError:
            return None

    def is_with(self, champion: str | None, used: Mapping[str, str]) -> bool:
        """Whether the challenger was compared with `champion` and the other models in use."""
        return self.champion == champion and (not self.versions or self.versions[0] == used)


def with_shadow(
    comparison: Mapping[str, Any], summary: Mapping[str, Any], *, worse: bool
) -> dict[str, Any]:
    """Return the comparison with the summary of what the challenger decided in shadow.

    `worse` says whether moderators agreed with the champion, beyond chance.
    """
    objections = [*comparison["worse"], *([IN_SHADOW] if worse else [])]
    return {**comparison, "worse": objections, "shadow": summary}


def save(folder: Path, comparison: Mapping[str, Any]) -> None:
    """Write a comparison for `promote`, without any comment's text or reference.

    An earlier comparison of the same models that measured more scores stays. Only the moderators'
    objection is taken from the new one.
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
    """Return the JSON as it is stored, keys in their order; None if it cannot be read."""
    try:
        return json.loads((folder / COMPARISON).read_text("utf-8"))
    except (OSError, ValueError):
        return None
