"""`moderation models`: list, compare, promote and roll back models."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from moderation.cli import options, service
from moderation.cli.render import without_control_characters
from moderation.lifecycle import migration, promotion
from moderation.lifecycle.promotion import RefusedError, history
from moderation.lifecycle.replay import quote
from moderation.lifecycle.shadow import Shadow, end_shadow
from moderation.lifecycle.together import upgrade_notices
from moderation.policy import Policy
from moderation.scoring.card import Card, parse
from moderation.scoring.models import CAREFUL, FAST
from moderation.scoring.store import ModelError, ModelStore, champions


@click.group()
def models() -> None:
    """List models, compare them, promote them, roll back.

    A model can also run in shadow: it decides some comments without any effect.
    """


@models.command("list")
@options.models
def list_(models: Path | None) -> None:
    """List all models, shipped ones and your own.

    A star marks the versions in use, a moon the version that runs in shadow. In a pipe, the columns
    are the model, its version, `champion` or `shadow`, and its folder.
    """
    store = ModelStore.of(models)
    running = Shadow.read(store)
    in_shadow = (running.model, running.version) if running else None
    console = Console(highlight=False)
    if not console.is_terminal:
        for model in store.stored():
            shadow = "shadow" if (model.name, model.version) == in_shadow else ""
            state = "champion" if model.in_use else shadow
            click.echo("\t".join((model.name, model.version, state, str(model.folder))))
        _notices(store)
        return
    columns = ("", "model", "version", "from", "made", "kind", "scores")
    table = Table(*columns, box=None, header_style="bold")
    for name, version, in_use, folder, content in store.stored():
        card = parse(content, Card, folder)
        mark = "★" if in_use else "☾" if (name, version) == in_shadow else ""
        origin = "yours" if folder.is_relative_to(store.own) else "shipped"
        table.add_row(mark, name, version, origin, card.made, card.kind, ", ".join(card.heads))
    console.print(table)
    click.echo(f"\nyours    {store.own}")
    if store.shipped:
        click.echo(f"shipped  {store.shipped}")
    _notices(store)


def _notices(store: ModelStore) -> None:
    """Say on standard error what an operator must know about upgrades."""
    if store.shipped:
        for notice in [*upgrade_notices(store), *migration.notices(store, store.own.parent)]:
            click.echo(f"moderation: {notice}", err=True)


@models.command()
@click.argument("name")
@options.models
def show(name: str, models: Path | None) -> None:
    """Print the card of NAME/VERSION, or of the version of NAME that is in use.

    The card says what the model is for, which data it was trained on, how good it is, and where it
    fails.
    """
    stored = list(ModelStore.of(models).stored())
    for model in stored:
        if name == f"{model.name}/{model.version}" or (name == model.name and model.in_use):
            click.echo(json.dumps(model.card, indent=2, ensure_ascii=False))
            return
    known = ", ".join(sorted({model.name for model in stored})) or "none"
    raise click.UsageError(f"there is no model '{name}'; there are: {known}")


@models.command("history")
@options.models
def history_(models: Path | None) -> None:
    """List all changes of the models in use: when, by whom, and the reason given with --even-if."""
    for change in history(ModelStore.of(models)):
        why = f"  ({change.why})" if change.why else ""
        click.echo(
            f"{change.at}  {change.who}  {change.model}: {change.before} -> {change.after}{why}"
        )
    if running := Shadow.read(ModelStore.of(models)):
        click.echo(_running(running))


@models.command()
@click.argument("challenger", metavar="[NAME/VERSION]", default="")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.1,
    show_default=True,
    help="The share of comments that it decides.",
)
@click.option("--off", is_flag=True, help="End the shadow run.")
@options.models
def shadow(challenger: str, share: float, off: bool, models: Path | None) -> None:
    """Run NAME/VERSION in shadow: the service records its decisions but does not act on them.

    `models compare NAME/VERSION` shows the results. Without a name, this command shows the model
    that runs in shadow. Only one runs at a time: starting another one replaces it.
    """
    root = ModelStore.of(models)
    if off and challenger:
        raise click.UsageError("--off takes no name: only one challenger runs at a time")
    if off:
        end_shadow(root)
    elif challenger:
        with _refusals():
            name, version = _name_and_version(challenger)
            promotion.shadow(root, name, version, share=share, who=getpass.getuser())
    running = Shadow.read(root)
    click.echo(_running(running) if running else "No challenger runs in shadow.")


def _running(it: Shadow) -> str:
    return f"{it.since}  {it.who}  {it.model}: {it.version} in shadow on {it.share:.3g} of comments"


@models.command()
@click.argument("challenger", metavar="NAME/VERSION")
@click.option("--even-if", default="", help="Promote it in spite of objections; give the reason.")
@options.models
def promote(challenger: str, even_if: str, models: Path | None) -> None:
    """Put NAME/VERSION in use.

    It must have been compared with the model in use (`models compare`), and must not be worse in
    any measure that the comparison tests.
    """
    name, version = _name_and_version(challenger)
    root, who = ModelStore.of(models), getpass.getuser()
    with _refusals():
        change = promotion.promote(root, name, version, who=who, even_if=even_if)
    click.echo(
        f"{name}: {change.before} -> {change.after}. To undo: moderation models rollback {name}"
    )


@models.command()
@click.argument("name")
@options.models
def rollback(name: str, models: Path | None) -> None:
    """Put the previous version of NAME in use again."""
    with _refusals():
        change = promotion.rollback(ModelStore.of(models), name, who=getpass.getuser())
    click.echo(f"{name}: {change.before} -> {change.after}")


@models.command()
@click.argument("challenger", metavar="NAME/VERSION")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of public labelled comments, to measure on them too.",
)
@click.option(
    "--record",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Comments to decide with both: JSON lines with a field text, such as a record's export.",
)
@click.option(
    "--most",
    default=400,
    show_default=True,
    help="How many rows to read of each public set, drawn by the seed.",
)
@options.policy
@options.models
@options.seed
def compare(
    challenger: str,
    data: Path | None,
    record: Path | None,
    most: int,
    policy: Path | None,
    models: Path | None,
    seed: int,
) -> None:
    """Compare NAME/VERSION with the model in use, on data that neither was trained on.

    The data are the guideline suite, comments written for this project and, with --data, the public
    data sets. If NAME/VERSION ran in shadow, the decisions that it made there count too. The
    service's settings say where they are recorded. The policy is --policy, or that of the settings.
    Prints a table in a terminal, and JSON in a pipe. `models promote` uses the result.
    """
    from moderation.training.evaluation import gate

    name, version = _name_and_version(challenger)
    root = ModelStore.of(models)
    with _refusals(), options.data_errors_as_usage():
        comparison = gate.measure(
            root,
            name,
            version,
            data=data,
            texts=_texts(record) if record else None,
            pairs=service.shadow_pairs(name, version, champions(root)),
            policy=Policy.load(policy),
            seed=seed,
            most=most,
        )
    if sys.stdout.isatty():
        click.echo(_table(comparison))
    else:
        click.echo(json.dumps(comparison, ensure_ascii=False))


@models.command()
@click.argument("scorer", metavar="NAME/VERSION")
@options.data
@options.models
@options.seed
def pair(scorer: str, data: Path, models: Path | None, seed: int) -> None:
    """Measure how to combine the careful and the abuse model into one score.

    NAME/VERSION is a careful or an abuse model. It is combined with the version of the other model
    that is in use. The measured weights are written into the careful model's card. Without them,
    neither model can be promoted.
    """
    from moderation.training.linear import ensemble

    name, version = _name_and_version(scorer)
    if name not in (CAREFUL, FAST):
        raise click.UsageError(f"'{scorer}': only {CAREFUL} and {FAST} are mixed")
    with _refusals(), options.data_errors_as_usage():
        promotion.require_stored(ModelStore.of(models), name, version)
        click.echo(ensemble.fit_ensemble(data, ModelStore.of(models), seed, **{name: version}))


def _name_and_version(argument: str) -> tuple[str, str]:
    name, _, version = argument.partition("/")
    if not version:
        raise click.UsageError(
            f"'{argument}': name a version too, {name}/VERSION; see moderation models list"
        )
    return name, version


@contextmanager
def _refusals() -> Iterator[None]:
    """In the block, turn a refused change or a faulty model into a command's error.

    The errors are `RefusedError` and `ModelError`; the command then has exit code 1.
    """
    try:
        yield
    except (RefusedError, ModelError) as error:
        raise click.ClickException(str(error)) from None


def _texts(record: Path) -> Iterator[str]:
    """Yield the value of `text` in each line of a file of JSON lines.

    Raises `click.UsageError` if a line is not a JSON object.
    """
    with record.open(encoding="utf-8") as file:
        for line, content in enumerate(file, 1):
            try:
                text = json.loads(content).get("text")
            except (ValueError, AttributeError):
                raise click.UsageError(f"{record}, line {line}: not a JSON object") from None
            if text:
                yield text


def _table(comparison: dict[str, Any]) -> str:
    """Return the comparison of two versions of a model as a table for a terminal."""
    champion, challenger = comparison["champion"], comparison["challenger"]
    lines = [f"{comparison['model']}: {champion} -> {challenger}", ""]
    for name, figure in {**comparison["sets"], **comparison["slices"]}.items():
        low, high = figure["interval"]
        lines.append(
            f"{name:38} {figure['now']:.3f} -> {figure['then']:.3f}  "
            f"{figure['difference']:+.3f} ({low:+.3f} to {high:+.3f})"
        )
    lines += _suite(comparison["suite"])
    if "record" in comparison:
        record = comparison["record"]
        lines += ["", f"{record['share']:.2%} of {record['comments']:,} decisions would change:"]
        lines += [
            f"  {change['from']} -> {change['to']}  "
            f"{without_control_characters(quote(change['text']))}"
            for change in record["changed"][:20]
        ]
    if "shadow" in comparison:
        from moderation.training.evaluation import shadow as shadows

        lines += ["", *shadows.report(comparison["shadow"])]
    worse = "; ".join(comparison["worse"]) or "nothing"
    return "\n".join([*lines, "", f"Worse beyond chance: {worse}."])


def _suite(suite: dict[str, Any]) -> Iterator[str]:
    """Yield lines about the guideline suite, a set of test comments in parts.

    They give the totals, and each part whose result differs between the two versions of the model.
    """
    parts, harmful = suite["functionalities"], suite["harmful cases"]
    changed = {name: part for name, part in parts.items() if _has_changed(part)}
    for name, part in changed.items():
        caught = f"caught {part['caught now']} -> {part['caught then']}"
        yield f"suite, {name:31} {caught}, {_held(part)}"
    yield f"suite, {f'{len(parts) - len(changed)} other parts':31} as before"
    yield f"suite, {'harmless cases of all parts':31} {_held(suite['harmless cases'])}"
    yield (
        f"suite, {'harmful cases of all parts':31} of {harmful['harmful']} harmful "
        f"newly caught {harmful['newly caught']}, no longer {harmful['no longer caught']}"
    )


def _has_changed(part: dict[str, Any]) -> bool:
    moved = part["newly held"] or part["no longer held"]
    return bool(moved or part["caught now"] != part["caught then"])


def _held(part: dict[str, Any]) -> str:
    return (
        f"of {part['harmless']} harmless newly held {part['newly held']}, "
        f"no longer {part['no longer held']}"
    )
