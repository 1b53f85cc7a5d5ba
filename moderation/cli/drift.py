"""`moderation drift`: have readers' comments changed since the models were measured?

`moderation.lifecycle.drift` computes the result; this command prints it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from moderation.cli import options, service
from moderation.lifecycle import drift as drifts
from moderation.lifecycle.drift import (
    CLASSES,
    LANGUAGE,
    MIN_DECISIONS,
    Drift,
    Reference,
    ScoredDecision,
)
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.scoring.store import AnyStore, ModelStore

MOVED = 1


@click.command(short_help="Have the comments changed since the models were measured?")
@options.record
@click.option(
    "--days", type=click.IntRange(1), default=7, show_default=True, help="How far to look back."
)
@click.option(
    "--most",
    type=click.IntRange(MIN_DECISIONS),
    default=10_000,
    show_default=True,
    help="How many of the latest decisions to read.",
)
@click.option("--set-reference", is_flag=True, help="From now on, compare with these decisions.")
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
    """Compare the latest decisions' scores with the scores from when the models were measured.

    Prints, for each score and for the language, the population stability index (PSI) and the part
    of it that is expected by chance. The rest decides: below .1 a score is stable, and from .25 on
    it has moved. Only decisions by the models in use count; 500 are needed.

    The exit code is 1 if a score has moved, so that cron can report it. The models are measured on
    public data, which differ from your comments. After the first weeks, use --set-reference, and
    compare with your own decisions from then on.
    """
    root = ModelStore.of(models)
    loaded = Models.load(root).with_reader(Policy.load(policy).publication.reader)
    decisions = service.recent_decisions(record, days, most)
    if set_reference:
        _set_reference(root, loaded, decisions)
        return 0
    references = drifts.read_references(root, loaded)
    scores = list(drifts.compare(loaded, references, decisions))
    if as_json:
        content = _to_dict(loaded, references, decisions, scores)
        click.echo(json.dumps(content, ensure_ascii=False))
    else:
        click.echo("\n".join(_text(loaded, references, decisions, scores)))
    return MOVED if any(score.verdict == "moved" for score in scores) else 0


def _set_reference(root: AnyStore, models: Models, decisions: Sequence[ScoredDecision]) -> None:
    mix = drifts.own_mix(decisions)
    references = drifts.measure_references(models, decisions, mix)
    if not references:
        raise click.ClickException(
            f"{len(decisions):,} decisions are too few: {MIN_DECISIONS} by the models in use "
            "are needed; wait, or look further back with --days"
        )
    for model, path in drifts.set_references(root, references).items():
        click.echo(f"{model}: compared with {mix} from now on ({path})")


def _to_dict(
    models: Models,
    references: Mapping[str, Reference],
    decisions: Sequence[ScoredDecision],
    scores: Sequence[Drift],
) -> dict[str, Any]:
    return {
        "models": models.versions,
        "decisions": len(decisions),
        "by_other_models": _by_other_models(models, decisions),
        "references": {model: reference.mix for model, reference in references.items()},
        "scores": {score.name: score.to_dict() for score in scores},
    }


def _by_other_models(models: Models, decisions: Sequence[ScoredDecision]) -> int:
    return sum(dict(decision.models) != models.versions for decision in decisions)


def _text(
    models: Models,
    references: Mapping[str, Reference],
    decisions: Sequence[ScoredDecision],
    scores: Sequence[Drift],
) -> Iterator[str]:
    """Yield the lines of the report that is printed: the models, the decisions and each score."""
    versions = ", ".join(f"{name} {version}" for name, version in models.versions.items())
    others = _by_other_models(models, decisions)
    yield f"models     {versions}"
    yield f"decisions  {len(decisions):,}, {others:,} of them by other models"
    for mix in dict.fromkeys(reference.mix for reference in references.values()):
        names = [model for model, reference in references.items() if reference.mix == mix]
        yield f"measure    {mix} ({', '.join(names)})"
    if scores:
        yield f"\n{'':20}{'PSI':>8}{'by chance':>11}{'decisions':>11}"
    for score in scores:
        enough = score.verdict != "too few"
        figures = f"{score.psi:>8.3f}{score.chance:>11.3f}" if enough else " " * 19
        yield f"{score.name:20}{figures}{score.now.total:>11,}  {score.verdict}"
    for score in scores:
        if score.name == LANGUAGE:
            yield f"\nlanguage: {_shares(score)}"
    yield from _next_steps(models, references, scores)


def _shares(language: Drift) -> str:
    """Return each language class's share of the comments, then and now, as text.

    "Then" is the time at which the reference was measured. The latest comments are compared with
    it.
    """
    then, now = language.then, language.now
    if not now.total:
        return "no decision yet"
    return ", ".join(
        f"{name} {before / then.total:.1%} -> {after / now.total:.1%}"
        for name, before, after in zip(CLASSES, then.counts, now.counts, strict=True)
    )


def _next_steps(
    models: Models, references: Mapping[str, Reference], scores: Sequence[Drift]
) -> Iterator[str]:
    """Yield the lines of the report that suggest what the operator can do next."""
    compared = {name for reference in references.values() for name in reference.models}
    without = sorted(set(models.versions) - compared)
    if without:
        yield (
            f"\nThere is nothing to compare {', '.join(without)} with. Measure once:\n"
            "  moderation evaluate --data DIR --reference    on public comments, or\n"
            "  moderation drift --set-reference              on your latest comments"
        )
    if any(score.verdict == "too few" for score in scores):
        yield (
            f"\nScores with fewer than {MIN_DECISIONS} decisions have no PSI: "
            "wait or look further back."
        )
    moved = [score.name for score in scores if score.verdict == "moved"]
    if not moved:
        return
    yield f"\n{', '.join(moved)}: your comments now differ from those that were measured."
    if any(reference.until is None for reference in references.values()):
        yield (
            "A newspaper's comments differ from public data from the first day. In your first\n"
            "weeks, compare with your own decisions from now on:\n"
            "  moderation drift --set-reference"
        )
    yield (
        "Otherwise look at the new comments, let moderators judge some of them, and train:\n"
        "  moderation train abuse --verdicts record      (or spam)\n"
        "  moderation corpus check FILE                  your own labelled comments, for the\n"
        "  moderation train language --data DIR          models that do not learn from verdicts\n"
        "  moderation models compare NAME/VERSION\n"
        "  moderation models promote NAME/VERSION"
    )
