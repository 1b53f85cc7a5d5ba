"""`moderation db`, `keys`, `record`, `webhooks` and `settings`: what an operator does by hand."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click
from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from api import settings_from_environment
from api.decisions import utc_now
from api.record import database, shadows
from api.record import erase as erasing
from api.record import keys as access
from api.record import recent as latest
from api.record import seal as seals
from api.record import webhooks as hooks
from api.record.database import Sessions
from api.record.replay import Replay
from api.record.spool import Spool
from api.record.tables import HISTORY, DecisionRow
from api.routes.record import whole
from api.settings import Settings, SettingsError, masked, shown
from moderation.lifecycle.drift import ScoredDecision
from moderation.lifecycle.replay import ReplayFilter
from moderation.lifecycle.shadow import Pair

WAITS_S = 60.0  # for a lock: an operator would rather wait than ask again


def _settings() -> Settings:
    try:
        return settings_from_environment({})
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _sessions(url: str | None = None) -> Iterator[Sessions]:
    """The record that the settings name, or that of `url`, its schema up to date."""
    try:
        engine = database.connect(url or _settings().database.get_secret_value(), WAITS_S)
    except ArgumentError:
        raise click.UsageError("the database's URL: use sqlite:///… or postgresql://…") from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        database.upgrade(engine)
        yield sessionmaker(engine)
    except database.SchemaError as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise click.ClickException(f"the record cannot be used: {said}") from None
    finally:
        engine.dispose()


@contextmanager
def _reading() -> Iterator[Session]:
    """A session that keeps no one who writes waiting."""
    with _sessions() as sessions, sessions() as session:
        yield session


@contextmanager
def _writing() -> Iterator[Session]:
    with _sessions() as sessions, database.writing(sessions) as session:
        yield session


@click.group()
def db() -> None:
    """The record's database: MODERATION_DATABASE, by default var/record.sqlite."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; safe when two do so at once."""
    with _sessions():
        click.echo("The record's schema is up to date.")


@click.group()
def keys() -> None:
    """API keys: who may ask the service for what."""


@keys.command()
@click.option("--name", required=True, help="Whose key it is.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["decide", "read", "verdict", "admin"]),
    help="What it may do; may be given more than once.",
)
@click.option("--rate", default="", help="How often it may ask, as '50 per second'.")
def create(name: str, scopes: tuple[str, ...], rate: str) -> None:
    """Make a key and show it, this once."""

    try:
        with _writing() as session:
            row, secret = access.create(session, name, list(scopes), rate, utc_now())
            click.echo(secret)
            click.echo(f"Key {row.id} for {name}. Keep it now; it is not shown again.", err=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@keys.command("list")
def list_keys() -> None:
    """All keys, the revoked ones too."""

    with _reading() as session:
        for row in access.listing(session):
            state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "in use"
            click.echo(f"{row.id}  {row.created_at:%Y-%m-%d}  {state}  {row.scopes}  {row.name}")


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End a key; the service refuses it within ten seconds."""

    try:
        with _writing() as session:
            access.revoke(session, key_id, utc_now())
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from None
    click.echo(f"Key {key_id} is revoked.")


@click.group()
def record() -> None:
    """The record of decisions: seal it, verify it, forget people."""


@record.command()
def seal() -> None:
    """Chain the hashes of all rows since the last seal, and print the last seal's hash.

    It stands alone on standard output, for `moderation record verify --expect`.
    """

    with _sessions() as sessions:
        made = list(iter(lambda: seals.seal(sessions, utc_now()), None))
        with sessions() as session:
            hash_ = seals.last(session)
    if made:
        rows = sum(seal.rows for seal in made)
        click.echo(f"seal {made[-1].id}: {_many(rows, 'row')} since the last", err=True)
        click.echo("Keep this hash elsewhere too: it proves the record as it is now.", err=True)
    else:
        click.echo("Nothing new to seal." if hash_ else "Nothing to seal yet.", err=True)
    if hash_:
        click.echo(hash_)


def _many(count: int, what: str, plural: str = "") -> str:
    """A number of things.

    >>> _many(1, "row"), _many(0, "row"), _many(2, "delivery is", "deliveries are")
    ('1 row', '0 rows', '2 deliveries are')
    """
    return f"{count} {what if count == 1 else plural or what + 's'}"


@record.command()
@click.option("--expect", help="The last seal's hash, as you kept it.")
def verify(expect: str | None) -> None:
    """Find any change, deletion or insertion since the rows were sealed."""

    with _reading() as session:
        found = seals.verify(session)
    problems = list(found.problems)
    if expect is not None and expect != found.hash:
        problems.append(f"the last seal is {found.hash}, not the one you kept")
    for problem in problems:
        click.echo(problem, err=True)
    over = f"{_many(found.seals, 'seal')} over {_many(found.rows, 'row')}"
    click.echo(f"{over}, {_many(found.unsealed, 'row')} not sealed yet")
    if problems:
        raise click.ClickException("the record is not as it was sealed")


@record.command()
@click.option("--comment", help="The platform's reference to a comment.")
@click.option("--author", help="The platform's reference to an author.")
@click.option("--older-than", type=click.IntRange(1), help="Days.")
@click.option("--community", help="Only there: the site that a dialect names. Else everywhere.")
def erase(
    comment: str | None, author: str | None, older_than: int | None, community: str | None
) -> None:
    """Remove texts and references; decisions and seals stay."""

    if sum(value is not None for value in (comment, author, older_than)) != 1:
        raise click.UsageError("name one of --comment, --author or --older-than")
    spool = Spool(_settings().spool)
    with _sessions() as sessions:
        if comment is not None:
            count = erasing.by_comment(sessions, spool, community, comment, utc_now())
        elif author is not None:
            count = erasing.by_author(sessions, spool, community, author, utc_now())
        else:
            count = erasing.older_than(sessions, older_than or 0, utc_now())
    hold = _many(count, "decision holds", "decisions hold")
    click.echo(f"{hold} no text or reference any more.")


@record.command()
@click.option("--verdicts", is_flag=True, help="Only what a moderator has spoken about.")
def export(verdicts: bool) -> None:
    """Print the decisions as JSON lines, oldest first, with every verdict and appeal.

    \b
    moderation record export --verdicts | moderation train abuse --verdicts -
    """
    for line in exported(which="judged" if verdicts else "all"):
        click.echo(line)


def exported(
    url: str | None = None, *, which: Literal["all", "judged", "waiting"] = "judged"
) -> Iterator[str]:
    """The record's decisions as `GET /v1/export` tells them, oldest first.

    Those that a moderator has spoken about, those that wait for one and have a text, or all.
    `url` is another database than the settings name.
    """
    chosen = select(DecisionRow).order_by(DecisionRow.sequence).options(*HISTORY)
    if which == "judged":
        chosen = chosen.where(DecisionRow.verdicts.any())
    if which == "waiting":
        chosen = chosen.where(~DecisionRow.verdicts.any(), DecisionRow.text.is_not(None))
    with _sessions(url) as sessions, sessions() as session:
        for row in session.scalars(chosen.execution_options(yield_per=200)):
            yield json.dumps(whole(row), ensure_ascii=False)


@contextmanager
def replayed(url: str | None, chosen: ReplayFilter) -> Iterator[Replay]:
    """The decided comments of the record, or of that of `url`, to decide about them again."""
    with _sessions(url) as sessions:
        yield Replay(sessions, chosen)


def shadowed(model: str, version: str, beside: Mapping[str, str]) -> Iterator[Pair]:
    """What a challenger in shadow decided beside these champions; nothing where no record is."""
    url = make_url(_settings().database.get_secret_value())
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return
    with _reading() as session:
        yield from shadows.pairs(session, model, version, beside)


def recent(url: str | None, days: int, most: int) -> list[ScoredDecision]:
    """The latest decisions' scores, of the record or of that of `url`."""
    since = utc_now() - dt.timedelta(days=days)
    with _sessions(url) as sessions:
        return latest.recent(sessions, since, most)


@click.group()
def webhooks() -> None:
    """Deliveries that failed."""


@webhooks.command()
def dead() -> None:
    """What was given up after a day of trying."""

    with _reading() as session:
        for row in hooks.dead_letters(session):
            click.echo(f"{row.id}  {row.event}  {masked(row.hook)}  {row.last_error}")


@webhooks.command()
@click.argument("ids", nargs=-1)
def resend(ids: tuple[str, ...]) -> None:
    """Send dead letters again: those named, or all."""

    try:
        with _writing() as session:
            count = hooks.resend(session, ids or None, utc_now())
    except LookupError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{_many(count, 'delivery is', 'deliveries are')} due again.")


@click.command()
def settings() -> None:
    """Show the service's settings, with secrets masked.

    Only the webhook secret is shown in clear, on a line of its own and in the form that Standard
    Webhooks libraries take. Leave that line out of what you pass on.
    """
    chosen = _settings()
    for name, value in shown(chosen).items():
        click.echo(f"{name}={value}")
    if chosen.webhook_secret:
        secret = chosen.webhook_secret.get_secret_value()
        click.echo(f"# The webhook secret for libraries: {hooks.library_secret(secret)}")
        if warning := hooks.secret_warning(secret):
            click.echo(warning, err=True)
