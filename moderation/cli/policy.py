"""`moderation policy`: try a policy before it is used, and see what is in force."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import tomli_w

from moderation.cli import options
from moderation.cli.replay import replay
from moderation.policy import Policy, PolicyError
from moderation.rules import word_list


@click.group()
def policy() -> None:
    """Try a policy of your own, and see what is in force."""


policy.add_command(replay)


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> int:
    """Name the table and key of every mistake in FILE.

    For a FILE without mistakes, list how each entry of its word lists is read, with two texts that
    it matches and one that it does not.
    """
    try:
        loaded = Policy.load(file)
    except PolicyError as error:
        for problem in error.problems:
            click.echo(f"{file}: {problem}", err=True)
        return 2
    acting = [rule for rule in loaded.rules.values() if not rule.thresholds.shadow]
    click.echo(f"{file}: good. {len(acting)} rules act, {len(loaded.rules) - len(acting)} watch.")
    for reading in _readings(loaded):
        click.echo(reading)
    return 0


def _readings(loaded: Policy) -> Iterator[str]:
    """Yield a line for each entry of the policy's word lists: how it is read, with examples."""
    rule = loaded.rules.get("word_list")
    if rule is None or not isinstance(rule.settings, word_list.Settings):
        return
    for reading in word_list.readings(rule.settings):
        way = "as it is written" if reading.signs else "as words, in their forms and in hashtags"
        matches = " and ".join(map(repr, reading.matches))
        misses = "".join(f", not {text!r}" for text in reading.misses)
        yield f"[word_list] {reading.key}: {reading.entry!r} {way}. Matches {matches}{misses}."


@policy.command()
@options.policy
def show(policy: Path | None) -> None:
    """Print the policy in force: the shipped one with yours merged over it, as TOML."""
    click.echo(tomli_w.dumps(Policy.load(policy).tables), nl=False)


@policy.command()
@click.option(
    "--budget",
    required=True,
    help="What may go wrong: approved-abusive=1%,rejected-fine=2%,held-fine=3%, or some of these.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of public labelled comments.",
)
@click.option(
    "--labelled",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own comments: CSV or JSON lines with the columns text and label, which says whether "
    "the comment breaks the rule: 1 or 0, yes or no, true or false, reject or approve.",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    type=click.Choice(("abuse", "personal_attack", "incendiary", "spam")),
    help="The rule to fit; may be given more than once. All four by default, abuse for --labelled.",
)
@click.option(
    "--base-rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share of your comments that break the rule; that of the labelled ones by default.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.999),
    default=0.95,
    show_default=True,
    help="How sure to be that the budget is kept.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="An SVG to write. Needs the extra train.",
)
@options.policy
@options.models
@options.seed
def fit(
    policy: Path | None, models: Path | None, plot: Path | None, seed: int, **asked: Any
) -> int:
    """Thresholds from an error budget, printed as TOML for a policy of yours.

    A person looks at all that the budget does not let the rules decide. Every share is bounded
    with confidence; what cannot be shown with the comments at hand is said, and left to people.
    Where nothing keeps the budget the table is a comment, and the exit code 1.
    """
    from moderation.scoring.models import Models
    from moderation.training.corpora.catalogue import CorpusError
    from moderation.training.evaluation import thresholds
    from moderation.training.evaluation.error_budget import Budget, BudgetError

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    data, labelled = asked["data"], asked["labelled"]
    if (data is None) == (labelled is None):
        raise click.UsageError("name either --data or --labelled")
    if plot:
        options.plots("--plot")
        options.folder_of("--plot", plot)
    house, loaded = Policy.load(policy), Models.load(models)
    found = []
    try:
        budget = Budget.parse(asked["budget"])
        own = thresholds.own(labelled) if labelled else []
        for rule in asked["rules"] or (("abuse",) if labelled else tuple(thresholds.RULES)):
            rows, rate = (own, _rate(own)) if labelled else thresholds.public(data, rule, seed)
            one = thresholds.fitted(
                thresholds.alone(house, loaded, rule),
                rule,
                rows,
                budget,
                asked["base_rate"] or rate,
                asked["confidence"],
                _counted(rule),
            )
            found.append(one)
            click.echo(_said(one), nl=False)
    except (BudgetError, thresholds.LabelledError, CorpusError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from None
    if plot:
        from moderation.training.evaluation import plots

        plot.write_text(plots.coverage(found), "utf-8")
    if unkept := [one.rule for one in found if not one.thresholds.kept]:
        click.echo(f"moderation: no threshold keeps the budget of {', '.join(unkept)}", err=True)
        return 1
    return 0


def _rate(labelled: Sequence[Any]) -> float:
    abusive: int = sum(one.abusive for one in labelled)
    return abusive / max(len(labelled), 1)


def _counted(rule: str) -> Any:
    """A progress bar on stderr, where a terminal is there to see it."""
    from rich.console import Console
    from rich.progress import track

    def bar(texts: Sequence[str]) -> Iterable[str]:
        return track(texts, rule, console=Console(stderr=True), transient=True)

    return bar


def _said(one: Any) -> str:
    """A rule's table, with what it rests on as comments; one that keeps no budget is a comment."""
    curve = one.curve
    notes = [
        f"{curve.abusive:,} comments break the rule, {curve.rows - curve.abusive:,} do not",
        f"base rate {curve.base_rate:.2%}",
        *one.effect(),
        *one.thresholds.short,
    ]
    table = tomli_w.dumps({one.rule: one.table()})
    if not one.thresholds.kept:
        notes += ["no threshold keeps the budget; this leaves what it can to people:"]
        notes += table.splitlines()
        table = ""
    return "".join(f"# {note}\n" for note in notes) + table + "\n"
