"""Choose versions of the two models of abuse that were measured together.

The fast and the careful model both score abuse. The careful model's card says how to mix its scores
with the scores of one version of the fast model, or of a newsroom's model that adapts this version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moderation.scoring.card import CARD, AdaptedCard, Card, TransformerCard, read
from moderation.scoring.models import CAREFUL, FAST
from moderation.scoring.store import AnyStore, ModelStore


def with_version(
    root: AnyStore, used: Mapping[str, str], model: str, version: str
) -> dict[str, str]:
    """Return the versions `used`, with `version` in place of the present version of `model`.

    A fast model may have been measured with another careful model than the one in `used`. If that
    one is stored, it is returned too. Raises `ModelError` if a card cannot be read.
    """
    store, versions = ModelStore.of(root), {**used, model: version}
    if model == FAST and CAREFUL in versions:
        base = base_version(store, model, version)
        partners = (
            careful
            for careful in _careful_versions(store, versions[CAREFUL])
            if measured_with(store, careful) in (base, None)
        )
        versions[CAREFUL] = next(partners, versions[CAREFUL])
    return versions


def base_version(store: ModelStore, model: str, version: str) -> str:
    """Return the version that a newsroom's model adapts, or `version` if it adapts none."""
    folder = store.find(model, version)
    adapted = read(folder, Card).kind == "adapted"
    return read(folder, AdaptedCard).own.beside if adapted else version


def newer_shipped(store: ModelStore, model: str) -> str | None:
    """Return the shipped version of `model`, if it is newer than the one that was chosen here.

    Promotion keeps a copy of the version that is shipped at the time. So a shipped version without
    a copy came later, with an upgrade. Returns None if no version of `model` was chosen here.
    """
    version = store.defaults().get(model)
    if version is None or model not in store.chosen():
        return None
    return None if (store.own / model / version / CARD).is_file() else version


def upgrade_notices(store: ModelStore) -> list[str]:
    """Return a sentence about each model of which a newer version is shipped than is in use.

    An upgrade does not replace a version that was promoted or rolled back here.
    """
    chosen = store.chosen()
    if FAST in chosen:
        chosen.pop(CAREFUL, None)  # it follows the fast model
    return [
        f"{model}: {chosen[model]} stays in use, and this release ships {version}. To use "
        f"that: moderation models compare {model}/{version}, then promote it. To build on it: "
        "train again."
        for model in chosen
        if (version := newer_shipped(store, model))
    ]


def measured_with(store: ModelStore, careful: str) -> str | None:
    """Return the version of the fast model with which a careful model was measured, if any."""
    measured = read(store.find(CAREFUL, careful), TransformerCard).together
    return measured.version if measured else None


def _careful_versions(store: ModelStore, used: str) -> Iterator[str]:
    """Yield the careful model in use, then the shipped one, then all others."""
    yield used
    if CAREFUL in store.defaults():
        yield store.defaults()[CAREFUL]
    yield from (stored.version for stored in store.stored() if stored.name == CAREFUL)
