"""Change which models are in use: promote a challenger, or roll back. Keep a history.

Only `champion.json` says which versions are in use. The change is first added to `history.jsonl`,
then `champion.json` is replaced in one step. So one version of each model is in use at any time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moderation.lifecycle.comparison import Comparison
from moderation.lifecycle.shadow import Shadow, end_shadow
from moderation.scoring.card import CARD, AdaptedCard, Card, TransformerCard, read
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import CHAMPION, ModelError, champions, write_json

__all__ = [
    "Change",
    "RefusedError",
    "card",
    "history",
    "promote",
    "require_stored",
    "rollback",
    "shadow",
]

HISTORY = "history.jsonl"
ROLLED_BACK = "rolled back"


class RefusedError(RuntimeError):
    """A challenger that must not be promoted. The message says why, and what to do."""


@dataclass(frozen=True)
class Change:
    """One change of the version in use. `why` is the reason, if the gate objected."""

    at: str
    who: str
    model: str
    before: str
    after: str
    why: str = ""


def promote(root: Path, model: str, version: str, *, who: str, even_if: str = "") -> Change:
    """Put `version` of `model` in use.

    It must have been compared with the version in use, and not be worse in any guarded measure.
    `even_if` overrides this: it is the reason, and is kept in the history. Raises `RefusedError`,
    or `ModelError` if the version cannot be used.
    """
    used = champions(root)
    versions = _versions_with(root, used, model, version)
    objection = _objection(root, model, version, used)
    if objection and not even_if:
        raise RefusedError(objection)
    return _change(root, used, versions, model, who, even_if)


def shadow(root: Path, model: str, version: str, *, share: float, who: str) -> Shadow:
    """Let `version` of `model` decide a share of the comments in shadow.

    Raises `RefusedError` or `ModelError` if it could not be promoted either.
    """
    used = champions(root)
    if model not in used:
        raise RefusedError(f"no {model} is in use, so {model}/{version} cannot run in shadow of it")
    _versions_with(root, used, model, version)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    challenger = Shadow(model, version, share, now, who)
    challenger.write(root)
    return challenger


def rollback(root: Path, model: str, *, who: str) -> Change:
    """Put the previous version of `model` in use again.

    Raises `RefusedError` if there is none, `ModelError` if it cannot be used.
    """
    used = champions(root)
    previous = _previous_versions(history(root), model)
    if not previous:
        raise RefusedError(f"the history has no {model} before {used.get(model, 'any')}")
    versions = {**used, model: previous[-1]}
    Models.load(root, versions)
    _require_measured_together(root, versions)
    return _change(root, used, versions, model, who, ROLLED_BACK)


def require_stored(root: Path, model: str, version: str) -> None:
    """Raise `RefusedError` if there is no such version."""
    if not (root / model / version / CARD).is_file():
        raise RefusedError(f"there is no {model}/{version}; see moderation models list")


def _versions_with(root: Path, used: Mapping[str, str], model: str, version: str) -> dict[str, str]:
    """Return the versions in use with `version` of `model`. It must be another one, and usable."""
    if used.get(model) == version:
        raise RefusedError(f"{model}/{version} is in use already")
    require_stored(root, model, version)
    versions = {**used, model: version}
    Models.load(root, versions)  # checks all hashes
    _require_measured_together(root, versions)
    return versions


def _previous_versions(changes: list[Change], model: str) -> list[str]:
    """Return the versions that can be rolled back to, the next one last."""
    versions: list[str] = []
    for change in changes:
        if change.model != model:
            continue
        if change.why == ROLLED_BACK:
            versions.pop()
        else:
            versions.append(change.before)
    return versions


def history(root: Path) -> list[Change]:
    """Return all changes, oldest first. An incomplete line is skipped."""
    changes = []
    path = root / HISTORY
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            changes.append(Change(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return changes


def _change(
    root: Path, used: Mapping[str, str], versions: Mapping[str, str], model: str, who: str, why: str
) -> Change:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    change = Change(now, who, model, used.get(model, ""), versions[model], why)
    with (root / HISTORY).open("a+", encoding="utf-8") as file:
        file.seek(0)
        incomplete = file.read()[-1:] not in ("", "\n")  # a crash left half a line: start a new one
        file.write("\n" * incomplete + json.dumps(asdict(change), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    write_json(root / CHAMPION, dict(versions))
    _end_shadow(root, model)
    return change


def _end_shadow(root: Path, changed: str) -> None:
    """End a shadow run whose champion changed: its results are a comparison with the old one.

    The two models that score abuse count as one.
    """
    models = {FAST, CAREFUL} if changed in (FAST, CAREFUL) else {changed}
    try:
        shadow = Shadow.read(root)
    except ModelError:
        return  # a file that cannot be read starts no run
    if shadow and shadow.model in models:
        end_shadow(root)


def _require_measured_together(root: Path, versions: Mapping[str, str]) -> None:
    """Raise `RefusedError` if the two models of abuse were not measured together.

    The transformer's card says how to mix its scores with one version of the linear model.
    """
    if not {FAST, CAREFUL} <= versions.keys():
        return
    measured = read(root / CAREFUL / versions[CAREFUL], TransformerCard).together
    fast = root / FAST / versions[FAST]
    adapted = read(fast, Card).kind == "adapted"
    base = read(fast, AdaptedCard).own.beside if adapted else versions[FAST]
    if measured and measured.version != base:
        raise RefusedError(
            f"{CAREFUL}/{versions[CAREFUL]} was measured with {FAST}/{measured.version}, not "
            f"{base}. Measure the two together first: "
            f"moderation models pair {CAREFUL}/{versions[CAREFUL]}"
        )


def _objection(root: Path, model: str, version: str, used: Mapping[str, str]) -> str | None:
    """Return what the challenger's comparison says against promoting it, or None."""
    command = f"moderation models compare {model}/{version}"
    comparison = Comparison.read(root / model / version)
    if not comparison:
        return f"{model}/{version} was not compared with the champion: {command}"
    if not comparison.measured:
        return (
            f"{model}/{version} was compared on nothing of its own: {command} --data DIR. "
            "If that measures nothing either, promote it with --even-if 'what you measured'"
        )
    if not comparison.is_with(used.get(model), used):
        return f"{model}/{version} was compared with another champion: {command}"
    if comparison.worse:
        return (
            f"{model}/{version} is worse beyond chance in: {'; '.join(comparison.worse)}. "
            "Promote it anyway with --even-if 'the reason'"
        )
    return None


def card(root: Path, model: str, version: str) -> dict[str, Any]:
    """Return the JSON of a version's card."""
    content: dict[str, Any] = json.loads((root / model / version / CARD).read_text("utf-8"))
    return content
