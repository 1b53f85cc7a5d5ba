"""Which models are in use, and how that changed: promote a challenger, roll back, remember why.

`champion.json` alone says what is in use; it is replaced in one step, after the change stands in
`history.jsonl` beside it. So whatever breaks in between, one version of each model is in use.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moderation.lifecycle.comparison import COMPARISON, Comparison
from moderation.lifecycle.shadow import Shadow, end
from moderation.scoring.card import CARD, AdaptedCard, Card, TransformerCard, read
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import CHAMPION, ModelError, champions, put

__all__ = [
    "COMPARISON",
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
    """A challenger that may not be promoted; the message says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One change of a champion; `why` is empty where nothing spoke against it."""

    at: str
    who: str
    model: str
    before: str
    after: str
    why: str = ""


def promote(root: Path, model: str, version: str, *, who: str, even_if: str = "") -> Change:
    """Put `version` of `model` in use. Raises `RefusedError`, or `ModelError` if it is unusable.

    It must have been compared with the champion of now, and be worse in nothing that is guarded;
    `even_if` is the reason to promote it all the same, and is remembered.
    """
    used = champions(root)
    versions = _with(root, used, model, version)
    objection = _objection(root, model, version, used)
    if objection and not even_if:
        raise RefusedError(objection)
    return _change(root, used, versions, model, who, even_if)


def shadow(root: Path, model: str, version: str, *, share: float, who: str) -> Shadow:
    """Let `version` of `model` decide a share of the comments beside the champion, unheeded.

    Raises `RefusedError` or `ModelError` where it could not be promoted either.
    """
    used = champions(root)
    if model not in used:
        raise RefusedError(f"no {model} is in use that {model}/{version} could run beside")
    _with(root, used, model, version)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    made = Shadow(model, version, share, now, who)
    made.write(root)
    return made


def rollback(root: Path, model: str, *, who: str) -> Change:
    """Put the version in use that was so before the present one. Raises `RefusedError`."""
    used = champions(root)
    before = _stack(history(root), model)
    if before:
        versions = {**used, model: before[-1]}
        Models.load(root, versions)
        _paired(root, versions)
        return _change(root, used, versions, model, who, ROLLED_BACK)
    raise RefusedError(f"nothing is known of a {model} before {used.get(model, 'any')}")


def require_stored(root: Path, model: str, version: str) -> None:
    """Raise `RefusedError` if there is no such version."""
    if not (root / model / version / CARD).is_file():
        raise RefusedError(f"there is no {model}/{version}; see moderation models list")


def _with(root: Path, used: Mapping[str, str], model: str, version: str) -> dict[str, str]:
    """The versions in use with `version` of `model`, if it is another one and usable."""
    if used.get(model) == version:
        raise RefusedError(f"{model}/{version} is in use already")
    require_stored(root, model, version)
    versions = {**used, model: version}
    Models.load(root, versions)  # every hash is checked
    _paired(root, versions)
    return versions


def _stack(changes: list[Change], model: str) -> list[str]:
    """The versions to go back to, the nearest last: a step back takes one away."""
    found: list[str] = []
    for change in changes:
        if change.model != model:
            continue
        if change.why == ROLLED_BACK:
            found.pop()
        else:
            found.append(change.before)
    return found


def history(root: Path) -> list[Change]:
    """All changes, oldest first. A line that was not written whole is passed over."""
    found = []
    path = root / HISTORY
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Change(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def _change(
    root: Path, used: Mapping[str, str], versions: Mapping[str, str], model: str, who: str, why: str
) -> Change:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    made = Change(now, who, model, used.get(model, ""), versions[model], why)
    with (root / HISTORY).open("a+", encoding="utf-8") as file:
        file.seek(0)
        torn = file.read()[-1:] not in ("", "\n")  # by a crash; it must not take this line along
        file.write("\n" * torn + json.dumps(asdict(made), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    put(root / CHAMPION, dict(versions))
    _end_shadow(root, model)
    return made


def _end_shadow(root: Path, changed: str) -> None:
    """A challenger is measured beside the champion of its time, or the pair that it is one of."""
    beside = {FAST, CAREFUL} if changed in (FAST, CAREFUL) else {changed}
    try:
        found = Shadow.read(root)
    except ModelError:
        return  # what cannot be read runs nowhere
    if found and found.model in beside:
        end(root)


def _paired(root: Path, versions: Mapping[str, str]) -> None:
    """The two readers of abuse are mixed as was measured, so they change together."""
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
    """What speaks against a challenger, by its comparison."""
    command = f"moderation models compare {model}/{version}"
    comparison = Comparison.read(root / model / version)
    if not comparison:
        return f"{model}/{version} was not compared with the champion: {command}"
    if not comparison.measured:
        return (
            f"{model}/{version} was compared on nothing of its own: {command} --data DIR. "
            "Where that measures nothing either, promote it with --even-if 'what you measured'"
        )
    if not comparison.is_with(used.get(model), used):
        return f"{model}/{version} was compared with another champion: {command}"
    if comparison.worse:
        return (
            f"{model}/{version} is worse beyond chance in: {'; '.join(comparison.worse)}. "
            "Promote it all the same with --even-if 'the reason'"
        )
    return None


def card(root: Path, model: str, version: str) -> dict[str, Any]:
    """Return the JSON of a version's card."""
    found: dict[str, Any] = json.loads((root / model / version / "card.json").read_text("utf-8"))
    return found
