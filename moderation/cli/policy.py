"""`moderation policy`: check, show, fit and replay policies."""

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
    """Check, show, fit and replay policies."""


policy.add_command(replay)


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> int:
    """Check a policy file.

    Prints every mistake in FILE, one per line, with its table and key, and exits with code 2. For a
    valid file, prints the number of rules that act and that only watch, and how each entry of its
    word lists is read: two texts that it matches and one that it does not.
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
    """Yield a line for each entry (word or phrase) of the policy's word lists.

    The line says how the entry is matched, with two texts that it matches and one that it does not.
    """
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
    """Print the policy in force as TOML.

    It is the shipped policy with yours (--policy) merged over it.
    """
    click.echo(tomli_w.dumps(Policy.load(policy).tables), nl=False)


@policy.command()
@click.option(
    "--budget",
    required=True,
    help="The error budget: approved-abusive=1%,rejected-fine=2%,held-fine=3%, or some of these.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of public labelled comments.",
)
@click.option(
    "--labelled",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own labelled comments: CSV or JSON lines with the columns text and label. The "
    "label says whether the comment breaks the rule: 1 or 0, yes or no, true or false, reject or "
    "approve.",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    type=click.Choice(("abuse", "personal_attack", "incendiary", "spam")),
    help="The rule to fit. Can be repeated. Default: all four with --data, abuse with --labelled.",
)
@click.option(
    "--base-rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share of your comments that break the rule. Default: the share among the labelled.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.999),
    default=0.95,
    show_default=True,
    help="The confidence that the thresholds keep the budget.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a plot of the errors by threshold to this SVG file. Needs the extra 'train'.",
)
@options.policy
@options.models
@options.seed
def fit(
    policy: Path | None, models: Path | None, plot: Path | None, seed: int, **arguments: Any
) -> int:
    """Fit thresholds to an error budget.

    Prints the thresholds as TOML for your policy file. Comments that the budget does not let the
    rules decide go to a person. The budget holds with the given confidence. If there are too few
    labelled comments to prove a part of it, the output says so, and people decide instead.

    If no thresholds keep the budget, the table is printed as a comment, and the exit code is 1.

    \b
    Example:
      moderation policy fit --labelled ours.csv --budget approved-abusive=1%,rejected-fine=2%
    """
    from moderation.scoring.models import Models
    from moderation.training.corpora.catalogue import CorpusError
    from moderation.training.evaluation import thresholds
    from moderation.training.evaluation.error_budget import Budget, BudgetError

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    data, labelled = arguments["data"], arguments["labelled"]
    if (data is None) == (labelled is None):
        raise click.UsageError("give either --data or --labelled")
    if plot:
        options.require_plots("--plot")
        options.require_folder("--plot", plot)
    loaded_policy, loaded_models = Policy.load(policy), Models.load(models)
    fits = []
    try:
        budget = Budget.parse(arguments["budget"])
        in_house = thresholds.load_labelled(labelled) if labelled else []
        for rule in arguments["rules"] or (("abuse",) if labelled else tuple(thresholds.RULES)):
            rows, base_rate = (
                (in_house, _abusive_share(in_house))
                if labelled
                else thresholds.load_public(data, rule, seed)
            )
            fit = thresholds.fit_rule(
                thresholds.single_rule(loaded_policy, loaded_models, rule),
                rule,
                rows,
                budget,
                arguments["base_rate"] or base_rate,
                arguments["confidence"],
                _progress(rule),
            )
            fits.append(fit)
            click.echo(_toml(fit), nl=False)
    except (BudgetError, thresholds.LabelledError, CorpusError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from None
    if plot:
        from moderation.training.evaluation import plots

        plot.write_text(plots.errors_by_threshold(fits), "utf-8")
    if missed := [fit.rule for fit in fits if not fit.thresholds.within_budget]:
        click.echo(f"moderation: no threshold keeps the budget of {', '.join(missed)}", err=True)
        return 1
    return 0


def _abusive_share(labelled: Sequence[Any]) -> float:
    abusive: int = sum(comment.abusive for comment in labelled)
    return abusive / max(len(labelled), 1)


def _progress(rule: str) -> Any:
    """Return a function that yields the texts it gets and shows a progress bar for `rule`.

    The bar is on standard error, and shows only if standard error is a terminal.
    """
    from rich.console import Console
    from rich.progress import track

    def bar(texts: Sequence[str]) -> Iterable[str]:
        return track(texts, rule, console=Console(stderr=True), transient=True)

    return bar


def _toml(fit: Any) -> str:
    """Return the fitted thresholds of a rule as a TOML table, with the evidence as comments.

    If the thresholds do not keep the error budget (the highest error rates that the user allows),
    the table itself is a comment.
    """
    curve = fit.curve
    notes = [
        f"{curve.abusive:,} comments break the rule, {curve.rows - curve.abusive:,} do not",
        f"base rate {curve.base_rate:.2%}",
        *fit.effect(),
        *fit.thresholds.shortfalls,
    ]
    table = tomli_w.dumps({fit.rule: fit.table()})
    if not fit.thresholds.within_budget:
        notes += ["no threshold keeps the budget; this leaves what it can to people:"]
        notes += table.splitlines()
        table = ""
    return "".join(f"# {note}\n" for note in notes) + table + "\n"
