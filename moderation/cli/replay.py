"""`moderation policy replay`: show what a new policy would decide about recorded comments."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from moderation.cli import options, service
from moderation.cli.bars import progress_bars
from moderation.cli.render import spreadsheet_cell, without_control_characters
from moderation.decision import Action
from moderation.lifecycle.replay import AGREEMENTS, ChangedDecision, Replayed, ReplayFilter
from moderation.lifecycle.replay import replay as replay_
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models

LISTED = 20  # changed comments in the text report; the other formats list all
COLUMNS = ("id", "comment_id", "from", "to", "score", "come", "gone", "turned", "verdict", "quote")


@click.command(short_help="Show what a new policy would decide about recorded comments.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.record
@options.since
@options.until
@click.option(
    "--most", type=click.IntRange(1), help="Only this many of the latest comments. Default: all."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "csv", "jsonl")),
    default="text",
    show_default=True,
    help="text: a report to read. csv: the changed comments, with the report on standard error. "
    "jsonl: one line of JSON with all counts, then one line per changed comment.",
)
@options.policy
@options.models
def replay(
    file: Path,
    record: str | None,
    form: str,
    policy: Path | None,
    models: Path | None,
    **filters: Any,
) -> None:
    """Show what a new policy would decide about recorded comments.

    Decides the recorded comments again, once by FILE and once by the policy in use (--policy), both
    with the models in use. Lists the comments whose decisions differ. The record itself is not
    changed. The same record, policies and models give the same output.

    \b
    Example:
      moderation policy replay new.toml --since 2026-11-23
    """
    new = Policy.load(file)
    loaded = Models.load(models)
    now, then = Moderator(Policy.load(policy), loaded), Moderator(new, loaded)
    chosen = ReplayFilter(**filters)
    with service.replay_record(record, chosen) as comments, progress_bars() as progress:
        if not comments.comments:
            raise click.ClickException(_no_comments(comments.decisions, chosen))
        counted = progress.track(comments, comments.comments, "comments")
        replayed = replay_(counted, now, then)
    if form == "jsonl":
        for entry in (replayed.summary(), *(change.to_dict() for change in replayed.changed)):
            click.echo(json.dumps(entry, ensure_ascii=False))
    elif form == "csv":
        click.echo("\n".join(_counts(replayed)), err=True)
        click.echo(_csv(replayed.changed), nl=False)
    else:
        click.echo("\n".join([*_counts(replayed), *_list(replayed.changed)]))


def _no_comments(decisions: int, chosen: ReplayFilter) -> str:
    if not decisions:
        return (
            "the record holds no decision yet: start the service (moderation serve) and let it "
            "decide some comments, or name another record with --record"
        )
    if chosen.since or chosen.until:
        return (
            "no comment of that time has its text in the record: choose another --since or --until"
        )
    return (
        f"none of the {decisions:,} decisions has its text in the record: texts are not "
        "kept with do_not_store, nor for longer than MODERATION_RETENTION_DAYS"
    )


def _counts(replayed: Replayed) -> Iterator[str]:
    """Yield the lines of the report with counts. The list of changed comments is not among them."""
    yield f"policy in use  {replayed.policies[0]}"
    yield f"new policy     {replayed.policies[1]}"
    models = ", ".join(f"{name} {version}" for name, version in replayed.models.items())
    yield f"models         {models}"
    yield f"comments       {replayed.comments:,}, decided {_period(replayed)}"
    if replayed.unjudged:
        yield f"               {replayed.unjudged:,} more are too long for one of the policies"
    yield from _recorded(replayed)
    yield f"\n{'in use / new':14}" + "".join(f"{action!s:>10}" for action in Action)
    for now in Action:
        cells = "".join(f"{replayed.actions[now, then]:>10,}" for then in Action)
        yield f"{now!s:14}{cells}"
    yield f"\n{'rule acts':17}{'in use':>8}{'new':>8}{'come':>8}{'gone':>8}{'turned':>8}"
    for name, rule in sorted(replayed.rules.items()):
        yield f"{name:17}" + "".join(f"{count:>8,}" for count in vars(rule).values())
    if replayed.verdicts:
        yield from _verdicts(replayed)


def _recorded(replayed: Replayed) -> Iterator[str]:
    """Yield the lines of the report that compare recorded decisions with the policy in use.

    They say how often the policy in use would now decide otherwise.
    """
    yield (
        f"recorded       {replayed.other_policy:,} under another policy, "
        f"{replayed.other_models:,} by other models than those in use"
    )
    changed = replayed.recorded_differently
    yield (
        f"               {changed['other']:,} of these the policy in use decides otherwise now, "
        f"and {changed['same']:,} of the others"
    )


def _period(replayed: Replayed) -> str:
    ends = [f"{time:%Y-%m-%d %H:%M}" for time in (replayed.first, replayed.last) if time]
    return " to ".join(ends)


def _verdicts(replayed: Replayed) -> Iterator[str]:
    yield f"\n{'moderators':14}" + "".join(f"{agreement:>10}" for agreement in AGREEMENTS)
    for side, name in (("now", "in use"), ("then", "new")):
        yield f"{name:14}" + "".join(
            f"{replayed.verdicts[side, agreement]:>10,}" for agreement in AGREEMENTS
        )


def _list(changed: list[ChangedDecision]) -> Iterator[str]:
    yield f"\n{len(changed):,} comments would be decided otherwise" + ":" * bool(changed)
    for change in changed[:LISTED]:
        rules = [f"+{name}" for name in change.come] + [f"-{name}" for name in change.gone]
        effects = ", ".join([*rules, *change.turned])
        name, quote = (
            without_control_characters(change.comment or change.id),
            without_control_characters(change.quote),
        )
        yield (
            f"{change.before} -> {change.after}  {change.score:.2f}  {effects}  {name}  “{quote}”"
        )
    if len(changed) > LISTED:
        yield f"and {len(changed) - LISTED:,} more: --format csv lists all"


def _csv(changed: list[ChangedDecision]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for change in changed:
        writer.writerow({name: spreadsheet_cell(value) for name, value in change.to_dict().items()})
    return file.getvalue()
