"""Change which models are in use: promote a challenger, or roll back. Keep a history.

A challenger is a version of a model that may replace the version in use (the champion). This module
measures nothing: `moderation.training.evaluation.gate` compares the two and saves the result, which
`promote` reads. `promote` refuses a challenger that was not compared or is worse.

Only `champion.json` says which versions are in use. Each change is first added to `history.jsonl`,
then `champion.json` is replaced in one step. So exactly one version of each model is in use at any
time. Everything is written into the newsroom's own folder of models, never into the shipped one
(see `ModelStore`), so an upgrade changes only models that no one has promoted or rolled back here.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from moderation.lifecycle.comparison import Comparison
from moderation.lifecycle.shadow import Shadow, end_shadow
from moderation.lifecycle.together import base_version, measured_with, with_version
from moderation.scoring.card import CARD
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import CHAMPION, AnyStore, ModelError, ModelStore, write_json

HISTORY = "history.jsonl"
ROLLED_BACK = "rolled back"


class RefusedError(RuntimeError):
    """A version of a model must not be put in use. The message says why, and what to do."""


@dataclass(frozen=True)
class Change:
    """A change of the version of a model that is in use, from `before` to `after`.

    `why` is the operator's reason, if a challenger was promoted in spite of an objection.
    """

    at: str
    who: str
    model: str
    before: str
    after: str
    why: str = ""


def promote(root: AnyStore, model: str, version: str, *, who: str, even_if: str = "") -> Change:
    """Start to use `version` of `model`, in place of the version in use.

    The new version must have been compared with the version in use, and must not be worse in any
    metric of the comparison. Otherwise `RefusedError` is raised, unless `even_if` gives a reason to
    promote the new version anyway; the history keeps this reason. Raises `ModelError` if the new
    version cannot be used.
    """
    store = ModelStore.of(root)
    used = store.champions()
    versions = _versions_with(store, used, model, version)
    objection = _objection(store, model, version, used)
    if objection and not even_if:
        raise RefusedError(objection)
    return _change(store, used, versions, model, who, even_if)


def shadow(root: AnyStore, model: str, version: str, *, share: float, who: str) -> Shadow:
    """Let `version` of `model` run in shadow: it decides a share of the comments without effect.

    Raises `RefusedError` if the version does not exist or is in use already, and `ModelError` if it
    cannot be used.
    """
    store = ModelStore.of(root)
    used = store.champions()
    if model not in used:
        raise RefusedError(f"no {model} is in use, so {model}/{version} cannot run in shadow of it")
    if _versions_with(store, used, model, version) != {**used, model: version}:
        raise RefusedError(
            f"{model}/{version} was measured with another {CAREFUL} model than the one in use, and "
            f"only one model runs in shadow: moderation models compare {model}/{version}"
        )
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    challenger = Shadow(model, version, share, now, who)
    challenger.write(store)
    return challenger


def rollback(root: AnyStore, model: str, *, who: str) -> Change:
    """Return to the version of `model` that was in use before the present one.

    Raises `RefusedError` if the history has no earlier version, and `ModelError` if the earlier
    version cannot be used.
    """
    store = ModelStore.of(root)
    used = store.champions()
    previous = _previous_versions(history(store), model)
    if not previous:
        raise RefusedError(f"the history has no {model} before {used.get(model, 'any')}")
    versions = with_version(store, used, model, previous[-1])
    Models.load(store, versions)
    _require_measured_together(store, versions)
    return _change(store, used, versions, model, who, ROLLED_BACK)


def require_stored(root: AnyStore, model: str, version: str) -> None:
    """Raise `RefusedError` if the folder of this version of `model` does not exist."""
    if not (ModelStore.of(root).find(model, version) / CARD).is_file():
        raise RefusedError(f"there is no {model}/{version}; see moderation models list")


def _versions_with(
    store: ModelStore, used: Mapping[str, str], model: str, version: str
) -> dict[str, str]:
    """Return the versions that are in use after a promotion, as `with_version` does.

    Raises `RefusedError` if `version` is in use already or has no folder, and `ModelError` if it
    cannot be used.
    """
    if used.get(model) == version:
        raise RefusedError(f"{model}/{version} is in use already")
    require_stored(store, model, version)
    versions = with_version(store, used, model, version)
    Models.load(store, versions)  # checks all hashes
    _require_measured_together(store, versions)
    return versions


def _previous_versions(changes: list[Change], model: str) -> list[str]:
    """Return the versions of `model` to which `rollback` can return, oldest first.

    `rollback` takes the last one. A change that was rolled back no longer counts.
    """
    versions: list[str] = []
    for change in changes:
        if change.model != model:
            continue
        if change.why == ROLLED_BACK:
            versions.pop()
        else:
            versions.append(change.before)
    return versions


def history(root: AnyStore) -> list[Change]:
    """Return all changes of the versions in use, oldest first. Unreadable lines are skipped."""
    changes = []
    path = ModelStore.of(root).own / HISTORY
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            changes.append(Change(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return changes


def _change(
    store: ModelStore,
    used: Mapping[str, str],
    versions: Mapping[str, str],
    model: str,
    who: str,
    why: str,
) -> Change:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    change = Change(now, who, model, used.get(model, ""), versions[model], why)
    chosen = choice(store, versions, model)
    try:
        keep(store, (used, chosen), model)
        with (store.own / HISTORY).open("a+", encoding="utf-8") as file:
            file.seek(0)
            incomplete = file.read()[-1:] not in ("", "\n")  # a crash left half a line: end it
            file.write("\n" * incomplete + json.dumps(asdict(change), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        write_json(store.own / CHAMPION, chosen)
    except OSError as error:
        raise ModelError(f"{store.own} cannot be written: {error.strerror}") from None
    _end_shadow(store, model)
    return change


def choice(
    store: ModelStore, versions: Mapping[str, str], model: str, *, pin: bool = False
) -> dict[str, str]:
    """Return what `champion.json` says after a change of `model` to the version in `versions`.

    A version that is the shipped one is left out, so that it follows upgrades, unless `pin` is
    true. The fast and the careful model were measured together, so both are written or neither.
    """
    if not store.shipped:
        return dict(versions)
    changed = _group(model) & versions.keys()
    chosen = {**store.chosen(), **{name: versions[name] for name in sorted(changed)}}
    shipped = store.defaults()
    if not pin and all(versions[name] == shipped.get(name) for name in changed):
        chosen = {name: chosen[name] for name in chosen if name not in changed}
    return chosen


def keep(store: ModelStore, used: Iterable[Mapping[str, str]], model: str) -> None:
    """Copy the shipped models among these versions of `model`, for the next release may lack them.

    The version that is shipped now is copied too, so that `newer_shipped` recognises later ones.
    """
    store.own.mkdir(parents=True, exist_ok=True)
    if store.shipped:
        for versions in (*used, store.defaults()):
            for name in _group(model) & versions.keys():
                store.keep(name, versions[name])


def _group(model: str) -> set[str]:
    """Return the models that change together with `model`."""
    return {FAST, CAREFUL} if model in (FAST, CAREFUL) else {model}


def _end_shadow(root: AnyStore, changed: str) -> None:
    """End the run in shadow if its challenger is a version of the model `changed`.

    The run compares a challenger with a champion that is no longer in use. The fast and the careful
    model both score abuse, so a change of either ends the run of the other.
    """
    try:
        shadow = Shadow.read(root)
    except ModelError:
        return  # a file that cannot be read starts no run
    if shadow and shadow.model in _group(changed):
        end_shadow(root)


def _require_measured_together(store: ModelStore, versions: Mapping[str, str]) -> None:
    """Raise `RefusedError` if the fast and the careful model were not measured together."""
    if not {FAST, CAREFUL} <= versions.keys():
        return
    measured = measured_with(store, versions[CAREFUL])
    base = base_version(store, FAST, versions[FAST])
    if measured and measured != base:
        raise RefusedError(
            f"{CAREFUL}/{versions[CAREFUL]} was measured with {FAST}/{measured}, not "
            f"{base}. Measure the two together first: "
            f"moderation models pair {CAREFUL}/{versions[CAREFUL]}"
        )


def _objection(store: ModelStore, model: str, version: str, used: Mapping[str, str]) -> str | None:
    """Return why the challenger's `comparison.json` forbids promoting it; None if it does not."""
    command = f"moderation models compare {model}/{version}"
    comparison = Comparison.read(store.own / model / version)
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


def card(root: AnyStore, model: str, version: str) -> dict[str, Any]:
    """Return the content of `card.json`, which describes a version of a model."""
    path = ModelStore.of(root).find(model, version) / CARD
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
