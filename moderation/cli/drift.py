"""`moderation drift`: have the comments moved from those that the models were measured on?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from moderation.cli import options, service
from moderation.lifecycle.drift import (
    CLASSES,
    FEWEST,
    LANGUAGE,
    OWN,
    Drift,
    Reference,
    ScoredDecision,
)
from moderation.lifecycle.drift import compare as compare_
from moderation.lifecycle.drift import measured as measured_
from moderation.lifecycle.drift import references as references_
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.scoring.store import SHIPPED, ModelError, put

MOVED = 1


@click.command(short_help="Have the comments moved from what the models know?")
@options.record
@click.option(
    "--days", type=click.IntRange(1), default=7, show_default=True, help="How far to look back."
)
@click.option(
    "--most",
    type=click.IntRange(FEWEST),
    default=10_000,
    show_default=True,
    help="The latest so many decisions.",
)
@click.option(
    "--set-reference", is_flag=True, help="From now on compare with these very decisions."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.policy
@options.models
def drift(
    record: str | None,
    days: int,
    most: int,
    set_reference: bool,
    as_json: bool,
    policy: Path | None,
    models: Path | None,
) -> int:
    """Compare the scores of the latest decisions with those that the models were measured on.

    For each score, and for the language: the population stability index, what of it chance alone
    would give, and what follows from the rest: under .1 it is stable, from .25 on it has moved.
    Only decisions by the models in use count, and only from 500 on.

    The exit code is 1 where a score has moved, for cron. A newspaper's comments are no mixture of
    public sets: after the first weeks make your own the measure, with --set-reference.
    """
    root = models or SHIPPED
    reader = Policy.load(policy).publication.reader
    loaded = Models.load(root).speaking(reader)
    seen = service.recent(record, days, most)
    if set_reference:
        _set(root, loaded, seen)
        return 0
    references = references_(root, loaded)
    found = list(compare_(loaded, references, seen))
    if as_json:
        click.echo(json.dumps(_told(loaded, references, seen, found), ensure_ascii=False))
    else:
        click.echo("\n".join(_text(loaded, references, seen, found)))
    return MOVED if any(it.verdict == "moved" for it in found) else 0


def _set(root: Path, models: Models, seen: Sequence[ScoredDecision]) -> None:
    """Write the newsroom's own reference beside the cards."""
    ends = sorted(f"{one.at:%Y-%m-%d}" for one in seen if one.at)
    mix = f"your own decisions, {ends[0]} to {ends[-1]}" if ends else ""
    found = measured_(models, seen, mix)
    if not found:
        raise click.ClickException(
            f"{len(seen):,} decisions are too few: {FEWEST} by the models in use are needed; wait, "
            "or look further back with --days"
        )
    for home, reference in found.items():
        path = root / home / reference.models[home] / OWN
        try:
            put(path, reference.to_dict())
        except OSError as error:
            raise ModelError(f"{path} cannot be written: {error.strerror}") from None
        click.echo(f"{home}: compared with {mix} from now on ({path})")


def _told(
    models: Models,
    references: Mapping[str, Reference],
    seen: Sequence[ScoredDecision],
    found: Sequence[Drift],
) -> dict[str, Any]:
    return {
        "models": models.versions,
        "decisions": len(seen),
        "by_other_models": _others(models, seen),
        "references": {home: it.mix for home, it in references.items()},
        "scores": {it.name: it.to_dict() for it in found},
    }


def _others(models: Models, seen: Sequence[ScoredDecision]) -> int:
    return sum(dict(one.models) != models.versions for one in seen)


def _text(
    models: Models,
    references: Mapping[str, Reference],
    seen: Sequence[ScoredDecision],
    found: Sequence[Drift],
) -> Iterator[str]:
    """What was found, to be read."""
    yield f"models     {', '.join(f'{it} {version}' for it, version in models.versions.items())}"
    yield f"decisions  {len(seen):,}, {_others(models, seen):,} of them by other models"
    for mix in dict.fromkeys(it.mix for it in references.values()):
        homes = [home for home, reference in references.items() if reference.mix == mix]
        yield f"measure    {mix} ({', '.join(homes)})"
    if found:
        yield f"\n{'':20}{'PSI':>8}{'by chance':>11}{'decisions':>11}"
    for it in found:
        enough = it.verdict != "too few"
        figures = f"{it.psi:>8.3f}{it.chance:>11.3f}" if enough else " " * 19
        yield f"{it.name:20}{figures}{it.now.total:>11,}  {it.verdict}"
    for it in found:
        if it.name == LANGUAGE:
            yield f"\nlanguage: {_shares(it)}"
    yield from _next(models, references, found)


def _shares(it: Drift) -> str:
    """The share of each class, before and now."""
    if not it.now.total:
        return "no decision yet"
    both = zip(CLASSES, it.then.counts, it.now.counts, strict=True)
    return ", ".join(
        f"{name} {then / it.then.total:.1%} -> {now / it.now.total:.1%}" for name, then, now in both
    )


def _next(
    models: Models, references: Mapping[str, Reference], found: Sequence[Drift]
) -> Iterator[str]:
    """What to do, by what was found."""
    without = sorted(
        set(models.versions) - {name for it in references.values() for name in it.models}
    )
    if without:
        yield (
            f"\nThere is nothing to compare {', '.join(without)} with. Measure once:\n"
            "  moderation evaluate --data DIR --reference    on public comments, or\n"
            "  moderation drift --set-reference              on your own of late"
        )
    if any(it.verdict == "too few" for it in found):
        yield f"\nOf fewer than {FEWEST} decisions nothing is said: wait, or look further back."
    moved = [it for it in found if it.verdict == "moved"]
    if not moved:
        return
    yield f"\n{', '.join(it.name for it in moved)}: the comments are others than those measured."
    if any(reference.until is None for reference in references.values()):
        yield (
            "Compared with public sets, a newspaper's comments look moved from the first day. If\n"
            "these are your first weeks, make them the measure:\n"
            "  moderation drift --set-reference"
        )
    yield (
        "Else look at what is new, let moderators judge some of it, and train:\n"
        "  moderation train abuse --verdicts record      (or spam)\n"
        "  moderation corpus check FILE                  labelled comments of your own, for the\n"
        "  moderation train language --data DIR          models that take no verdicts\n"
        "  moderation models compare NAME/VERSION\n"
        "  moderation models promote NAME/VERSION"
    )
