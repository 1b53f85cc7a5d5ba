"""`moderation models`: what is kept, and what is in use."""

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
from moderation.cli.render import harmless
from moderation.lifecycle.promotion import RefusedError, history, require_stored
from moderation.lifecycle.promotion import promote as promote_
from moderation.lifecycle.promotion import rollback as rollback_
from moderation.lifecycle.promotion import shadow as shadow_
from moderation.lifecycle.replay import quote
from moderation.lifecycle.shadow import Shadow, end
from moderation.policy import Policy
from moderation.scoring.card import Card, parse
from moderation.scoring.models import CAREFUL, FAST
from moderation.scoring.store import SHIPPED, ModelError, champions, listing


@click.group()
def models() -> None:
    """See which models are kept and in use; compare, run in shadow, promote, roll back."""


@models.command("list")
@options.models
def list_(models: Path | None) -> None:
    """Name every model kept; a star marks the versions in use, a moon the one in shadow."""
    kept = list(listing(models))
    running = Shadow.read(models or SHIPPED)
    beside = (running.model, running.version) if running else None
    console = Console(highlight=False)
    if not console.is_terminal:
        for name, version, champion, _ in kept:
            shadow = "shadow" if (name, version) == beside else ""
            click.echo("\t".join((name, version, "champion" if champion else shadow)))
        return
    table = Table("", "model", "version", "made", "kind", "scores", box=None, header_style="bold")
    for name, version, champion, content in kept:
        card = parse(content, Card, (models or SHIPPED) / name / version)
        mark = "★" if champion else "☾" if (name, version) == beside else ""
        table.add_row(mark, name, version, card.made, card.kind, ", ".join(card.heads))
    console.print(table)


@models.command()
@click.argument("name")
@options.models
def show(name: str, models: Path | None) -> None:
    """Print the card of a model: NAME, of which the one in use, or NAME/VERSION.

    The card says what the model is for, what it learned from, how good it is and where it fails.
    """
    kept = list(listing(models))
    for model, version, champion, card in kept:
        if name == f"{model}/{version}" or (name == model and champion):
            click.echo(json.dumps(card, indent=2, ensure_ascii=False))
            return
    known = ", ".join(sorted({model for model, *_ in kept})) or "none"
    raise click.UsageError(f"no model '{name}' is kept; there are: {known}")


@models.command("history")
@options.models
def history_(models: Path | None) -> None:
    """Tell which model was put in use when, by whom, and why if something spoke against it."""
    for it in history(models or SHIPPED):
        why = f"  ({it.why})" if it.why else ""
        click.echo(f"{it.at}  {it.who}  {it.model}: {it.before} -> {it.after}{why}")
    if running := Shadow.read(models or SHIPPED):
        click.echo(_running(running))


@models.command()
@click.argument("challenger", metavar="[NAME/VERSION]", default="")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.1,
    show_default=True,
    help="On which share of the comments.",
)
@click.option("--off", is_flag=True, help="End it.")
@options.models
def shadow(challenger: str, share: float, off: bool, models: Path | None) -> None:
    """Let NAME/VERSION decide beside the model in use, in the running service, unheeded.

    What it would have decided is recorded; `models compare NAME/VERSION` tells it. Without a name
    this tells which one runs. One at a time: another takes its place.
    """
    root = models or SHIPPED
    if off and challenger:
        raise click.UsageError("--off goes without a name: one challenger runs at a time")
    if off:
        end(root)
    elif challenger:
        with _refusals():
            shadow_(root, *_named(challenger), share=share, who=getpass.getuser())
    running = Shadow.read(root)
    click.echo(_running(running) if running else "No challenger runs in shadow.")


def _running(it: Shadow) -> str:
    return f"{it.since}  {it.who}  {it.model}: {it.version} in shadow on {it.share:.3g} of comments"


@models.command()
@click.argument("challenger", metavar="NAME/VERSION")
@click.option("--even-if", default="", help="Promote it although something speaks against it: why.")
@options.models
def promote(challenger: str, even_if: str, models: Path | None) -> None:
    """Put NAME/VERSION in use, if it was compared and is worse in nothing that is guarded."""
    name, version = _named(challenger)
    with _refusals():
        made = promote_(models or SHIPPED, name, version, who=getpass.getuser(), even_if=even_if)
    click.echo(
        f"{name}: {made.before} -> {made.after}. Back again: moderation models rollback {name}"
    )


@models.command()
@click.argument("name")
@options.models
def rollback(name: str, models: Path | None) -> None:
    """Put the version of NAME in use that was so before the present one."""
    with _refusals():
        made = rollback_(models or SHIPPED, name, who=getpass.getuser())
    click.echo(f"{name}: {made.before} -> {made.after}")


@models.command()
@click.argument("challenger", metavar="NAME/VERSION")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of public labelled comments, to measure on those too.",
)
@click.option(
    "--record",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Comments to decide both ways: JSON lines with a field text, such as the record's export.",
)
@click.option(
    "--most",
    default=400,
    show_default=True,
    help="Rows of each public set that are read, drawn by the seed.",
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
    """Measure NAME/VERSION beside the model in use, on rows that neither learned from.

    Those are the guideline suite and comments written for this project, with --data the public
    sets too. And by what it decided in shadow, where the settings' record holds that. Decisions
    are made by --policy, or the one of the service's settings.
    Prints a table in a terminal, JSON in a pipe. `promote` reads what was found.
    """
    from moderation.training.evaluation import gate

    name, version = _named(challenger)
    root = models or SHIPPED
    with _refusals(), options.wrong_data():
        comparison = gate.measure(
            root,
            name,
            version,
            data=data,
            texts=_texts(record) if record else None,
            pairs=service.shadowed(name, version, champions(root)),
            policy=Policy.load(policy),
            seed=seed,
            most=most,
        )
    if sys.stdout.isatty():
        click.echo(_table(comparison))
    else:
        click.echo(json.dumps(comparison, ensure_ascii=False))


@models.command()
@click.argument("reader", metavar="NAME/VERSION")
@options.data
@options.models
@options.seed
def pair(reader: str, data: Path, models: Path | None, seed: int) -> None:
    """Measure a careful or an abuse NAME/VERSION beside the other one in use.

    The two readers of abuse are mixed as was measured. What is found stands in the careful
    one's card; without it neither can be promoted.
    """
    from moderation.training.linear import ensemble

    name, version = _named(reader)
    if name not in (CAREFUL, FAST):
        raise click.UsageError(f"'{reader}': only {CAREFUL} and {FAST} work as a pair")
    with _refusals(), options.wrong_data():
        require_stored(models or SHIPPED, name, version)
        click.echo(ensemble.fit_ensemble(data, models or SHIPPED, seed, **{name: version}))


def _named(challenger: str) -> tuple[str, str]:
    name, _, version = challenger.partition("/")
    if not version:
        raise click.UsageError(
            f"'{challenger}': name a version too, {name}/VERSION: moderation models list has them"
        )
    return name, version


@contextmanager
def _refusals() -> Iterator[None]:
    """What speaks against it is the answer, with exit code 1."""
    try:
        yield
    except (RefusedError, ModelError) as error:
        raise click.ClickException(str(error)) from None


def _texts(record: Path) -> Iterator[str]:
    with record.open(encoding="utf-8") as file:
        for line, content in enumerate(file, 1):
            try:
                text = json.loads(content).get("text")
            except (ValueError, AttributeError):
                raise click.UsageError(f"{record}, line {line}: is not a JSON object") from None
            if text:
                yield text


def _table(found: dict[str, Any]) -> str:
    """What was found, to be read in a terminal."""
    lines = [f"{found['model']}: {found['champion']} beside {found['challenger']}", ""]
    for name, it in {**found["sets"], **found["slices"]}.items():
        low, high = it["interval"]
        lines.append(
            f"{name:38} {it['now']:.3f} -> {it['then']:.3f}  "
            f"{it['difference']:+.3f} ({low:+.3f} to {high:+.3f})"
        )
    lines += _suite(found["suite"])
    if "record" in found:
        record = found["record"]
        lines += ["", f"{record['share']:.2%} of {record['comments']:,} decisions would change:"]
        lines += [
            f"  {it['from']} -> {it['to']}  {harmless(quote(it['text']))}"
            for it in record["changed"][:20]
        ]
    if "shadow" in found:
        from moderation.training.evaluation import shadow as shadows

        lines += ["", *shadows.report(found["shadow"])]
    said = "; ".join(found["worse"]) or "nothing"
    return "\n".join([*lines, "", f"Worse beyond chance: {said}."])


def _suite(suite: dict[str, Any]) -> Iterator[str]:
    """What of the guideline suite is decided otherwise."""
    every, wrong = suite["functionalities"], suite["harmful cases"]
    moved = [
        name
        for name, it in every.items()
        if it["newly held"] or it["no longer held"] or it["caught now"] != it["caught then"]
    ]
    for name in moved:
        it = every[name]
        caught = f"caught {it['caught now']} -> {it['caught then']}"
        yield f"suite, {name:31} {caught}, {_held(it)}"
    yield f"suite, {f'{len(every) - len(moved)} other parts':31} as before"
    yield f"suite, {'harmless cases of all parts':31} {_held(suite['harmless cases'])}"
    yield (
        f"suite, {'harmful cases of all parts':31} of {wrong['harmful']} harmful "
        f"newly caught {wrong['newly caught']}, no longer {wrong['no longer caught']}"
    )


def _held(it: dict[str, Any]) -> str:
    return (
        f"of {it['harmless']} harmless newly held {it['newly held']}, "
        f"no longer {it['no longer held']}"
    )
