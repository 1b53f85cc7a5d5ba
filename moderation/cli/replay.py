"""`moderation policy replay`: what a new policy would have made of the recorded comments."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from moderation.cli import options, service
from moderation.cli.bars import bars
from moderation.cli.render import cell, harmless
from moderation.decision import Action
from moderation.lifecycle.replay import AGREEMENTS, ChangedDecision, Replayed, ReplayFilter
from moderation.lifecycle.replay import replay as replay_
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models

LISTED = 20  # changed comments that the text shows; the other formats have all
COLUMNS = ("id", "comment_id", "from", "to", "score", "come", "gone", "turned", "verdict", "quote")


@click.command(short_help="Decide the recorded comments again by a new policy.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.record
@options.since
@options.until
@click.option("--most", type=click.IntRange(1), help="The latest so many comments; all by default.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "csv", "jsonl")),
    default="text",
    show_default=True,
    help="A text to read; the changed comments as CSV, with the text on stderr; or a line of "
    "JSON with all counts and one for each changed comment.",
)
@options.policy
@options.models
def replay(
    file: Path,
    record: str | None,
    form: str,
    policy: Path | None,
    models: Path | None,
    **chosen: Any,
) -> None:
    """Decide the recorded comments again by the policy FILE, and list what would change.

    Both FILE and the policy in use (--policy) decide about the same comments with the models in
    use, so that nothing but the policy differs. Nothing is written to the record. The same record,
    policies and models give the same output.
    """
    new = Policy.load(file)
    loaded = Models.load(models)
    now, then = Moderator(Policy.load(policy), loaded), Moderator(new, loaded)
    asked = ReplayFilter(**chosen)
    with service.replayed(record, asked) as comments, bars() as told:
        if not comments.comments:
            raise click.ClickException(_nothing(comments.decisions, asked))
        over = told.over(comments, comments.comments, "comments")
        found = replay_(over, now, then)
    if form == "jsonl":
        for entry in (found.summary(), *(it.to_dict() for it in found.changed)):
            click.echo(json.dumps(entry, ensure_ascii=False))
    elif form == "csv":
        click.echo("\n".join(_counts(found)), err=True)
        click.echo(_csv(found.changed), nl=False)
    else:
        click.echo("\n".join([*_counts(found), *_list(found.changed)]))


def _nothing(decisions: int, asked: ReplayFilter) -> str:
    if not decisions:
        return (
            "the record holds no decision yet: let the service decide some comments first "
            "(moderation serve), or name another record with --record"
        )
    if asked.since or asked.until:
        return "no comment of that time has its text in the record: choose another --since, --until"
    return (
        f"none of the {decisions:,} decisions has its text in the record: texts are not "
        "kept with do_not_store, nor for longer than MODERATION_RETENTION_DAYS"
    )


def _counts(found: Replayed) -> Iterator[str]:
    """All counts, to be read."""
    yield f"policy in use  {found.policies[0]}"
    yield f"new policy     {found.policies[1]}"
    yield f"models         {', '.join(f'{it} {version}' for it, version in found.models.items())}"
    yield f"comments       {found.comments:,}, decided {_moments(found)}"
    if found.unjudged:
        yield f"               {found.unjudged:,} more are too long for one of the policies"
    yield from _recorded(found)
    yield f"\n{'in use / new':14}" + "".join(f"{action!s:>10}" for action in Action)
    for one in Action:
        cells = "".join(f"{found.actions[one, other]:>10,}" for other in Action)
        yield f"{one!s:14}{cells}"
    yield f"\n{'rule acts':17}{'in use':>8}{'new':>8}{'come':>8}{'gone':>8}{'turned':>8}"
    for name, rule in sorted(found.rules.items()):
        yield f"{name:17}" + "".join(f"{count:>8,}" for count in vars(rule).values())
    if found.verdicts:
        yield from _verdicts(found)


def _recorded(found: Replayed) -> Iterator[str]:
    """How what was recorded differs from what the policy in use says now."""
    yield (
        f"recorded       {found.other_policy:,} under another policy, "
        f"{found.other_models:,} by other models than those in use"
    )
    otherwise = found.otherwise
    yield (
        f"               {otherwise['other']:,} of these the policy in use decides otherwise now, "
        f"and {otherwise['same']:,} of the others"
    )


def _moments(found: Replayed) -> str:
    ends = [f"{at:%Y-%m-%d %H:%M}" for at in (found.first, found.last) if at]
    return " to ".join(ends)


def _verdicts(found: Replayed) -> Iterator[str]:
    yield f"\n{'moderators':14}" + "".join(f"{how:>10}" for how in AGREEMENTS)
    for side, name in (("now", "in use"), ("then", "new")):
        yield f"{name:14}" + "".join(f"{found.verdicts[side, how]:>10,}" for how in AGREEMENTS)


def _list(changed: list[ChangedDecision]) -> Iterator[str]:
    yield f"\n{len(changed):,} comments would be decided otherwise" + ":" * bool(changed)
    for it in changed[:LISTED]:
        rules = [f"+{name}" for name in it.come] + [f"-{name}" for name in it.gone]
        said = ", ".join([*rules, *it.turned])
        name = harmless(it.comment or it.id)
        yield f"{it.before} -> {it.after}  {it.score:.2f}  {said}  {name}  “{harmless(it.quote)}”"
    if len(changed) > LISTED:
        yield f"and {len(changed) - LISTED:,} more: --format csv lists all"


def _csv(changed: list[ChangedDecision]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for it in changed:
        writer.writerow({name: cell(value) for name, value in it.to_dict().items()})
    return file.getvalue()
