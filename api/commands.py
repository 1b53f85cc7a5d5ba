"""Define the operators' commands: `moderation db`, `keys`, `record`, `webhooks`, `settings`."""

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

from api.decisions import utc_now
from api.record import database, holds, shadows
from api.record import erase as record_erase
from api.record import keys as record_keys
from api.record import recent as record_recent
from api.record import seal as record_seal
from api.record import webhooks as record_webhooks
from api.record.database import Sessions
from api.record.erase import Erased
from api.record.replay import Replay
from api.record.spool import Spool, open_spool
from api.record.tables import HISTORY, DecisionRow, KeyRow
from api.settings import Settings, SettingsError, masked, read, shown
from moderation.lifecycle.drift import ScoredDecision
from moderation.lifecycle.replay import ReplayFilter
from moderation.lifecycle.shadow import ShadowPair
from moderation.paths import HOME, RECORD, SPOOL
from moderation.policy import SHIPPED as SHIPPED_POLICY
from moderation.policy import Policy, PolicyError

TIMEOUT_S = 60.0  # for a lock: an operator would rather wait than try again


def _settings(overrides: Mapping[str, Path] | None = None) -> Settings:
    try:
        return read(overrides)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _spool() -> Spool:
    try:
        return open_spool(_settings().spool)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _sessions(url: str | None = None, *, creates: bool = False) -> Iterator[Sessions]:
    """Open the decisions' database at `url`, or else that of the settings. Upgrade its schema.

    If there is no such file, it is created only if `creates` is true. Otherwise an empty record in
    memory takes its place.
    """
    try:
        url = url or _settings().database.get_secret_value()
        if not creates and (missing := _missing_file(url)):
            click.echo(f"moderation: there is no record yet in {missing}", err=True)
            url = "sqlite://"
        engine = database.connect(url, TIMEOUT_S)
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
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        file = make_url(url).database if url.startswith("sqlite") else None
        where = f"{file}: " if file else ""
        raise click.ClickException(f"the record cannot be used: {where}{reason}") from None
    finally:
        engine.dispose()


@contextmanager
def _reading() -> Iterator[Session]:
    """Open a database session that only reads, so that it blocks no writer."""
    with _sessions() as sessions, sessions() as session:
        yield session


def _missing_file(url: str) -> Path | None:
    """Return the path of an SQLite database that does not exist; None for any other."""
    parsed = make_url(url)
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return Path(path) if path and path != ":memory:" and not Path(path).exists() else None


@contextmanager
def _writing(*, creates: bool = False) -> Iterator[Session]:
    with _sessions(creates=creates) as sessions, database.writing(sessions) as session:
        yield session


@click.group()
def db() -> None:
    """Manage the database of the record, which holds all decisions.

    The setting MODERATION_DATABASE names it. The default is record.sqlite in the state directory.
    """


@db.command()
def upgrade() -> None:
    """Bring the database's schema up to date. Concurrent upgrades are safe."""
    with _sessions(creates=True):
        click.echo("The record's schema is up to date.")


@click.group()
def keys() -> None:
    """Manage API keys. A key lets a program use parts of the service."""


@keys.command()
@click.option("--name", required=True, help="Who the key is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(record_keys.SCOPES),
    help="What the key may do. Repeat it for several scopes.",
)
@click.option(
    "--akismet",
    is_flag=True,
    help="Make a key of 12 digits for the settings page of Akismet's plug-in. It is valid on "
    "Akismet's routes only, with the scopes decide and verdict.",
)
@click.option("--rate", default="", help="The key's rate limit, such as '50 per second'.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="When the key ends, in UTC, such as 2027-06-30. Default: never.",
)
@click.option(
    "--trusted-names",
    is_flag=True,
    help="For a program that signs several moderators in: believe the names that it sends as "
    "`who`. Otherwise one key is one moderator, who cannot decide an appeal against their own "
    "verdict.",
)
def create(
    name: str,
    scopes: tuple[str, ...],
    rate: str,
    expires: dt.datetime | None,
    *,
    akismet: bool,
    trusted_names: bool,
) -> None:
    """Create a key, and show it once. It cannot be shown again."""
    if akismet and not scopes:
        scopes = record_keys.AKISMET_SCOPES
    if not scopes:
        raise click.UsageError("Missing option '--scope'.")

    try:
        with _writing(creates=True) as session:
            row, secret = record_keys.create(
                session,
                name,
                list(scopes),
                rate,
                utc_now(),
                expires_at=expires and expires.replace(tzinfo=dt.UTC),
                trusted_names=trusted_names,
                akismet=akismet,
            )
            click.echo(secret)
            click.echo(f"Key {row.id} for {name}. Keep it: it is not shown again.", err=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@keys.command("list")
def list_keys() -> None:
    """List all keys with scopes, rate, expiry and last use, including revoked ones.

    Times are in UTC. The last use is shown a minute or two later.
    """
    lines: list[tuple[str, ...]] = [
        ("id", "created", "state", "expires", "last use", "rate", "scopes", "name")
    ]
    now, default = utc_now(), _settings().rate
    with _reading() as session:
        lines += [_key_line(row, now, default) for row in record_keys.listing(session)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _key_line(row: KeyRow, now: dt.datetime, rate: str) -> tuple[str, ...]:
    """Return the cells of a key in the table of `keys list`. `rate` is the default rate."""
    expired = row.expires_at is not None and row.expires_at <= now
    state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "in use"
    return (
        row.id,
        f"{row.created_at:%Y-%m-%d}",
        "expired" if expired and not row.revoked_at else state,
        f"{row.expires_at:%Y-%m-%d %H:%M}" if row.expires_at else "never",
        f"{row.used_at:%Y-%m-%d %H:%M}" if row.used_at else "never",
        row.rate or rate,
        row.scopes + (" (trusted names)" if row.trusted_names else ""),
        row.name,
    )


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke a key. The service refuses it within ten seconds."""

    try:
        with _writing() as session:
            record_keys.revoke(session, key_id, utc_now())
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from None
    click.echo(f"Key {key_id} is revoked.")


@click.group()
def record() -> None:
    """Seal, verify, erase and export the record of decisions.

    A seal is a hash over the recorded rows. It lets you detect any later change.
    """


@record.command()
def seal() -> None:
    """Seal all rows that were recorded since the last seal, and print the new seal's hash.

    The hash also depends on all earlier seals. Only the hash goes to standard output. Keep it, and
    give it to `moderation record verify --expect` later.
    """

    with _sessions() as sessions:
        seals = list(iter(lambda: record_seal.seal(sessions, utc_now()), None))
        with sessions() as session:
            hash_ = record_seal.last(session)
    if seals:
        rows = sum(seal.rows for seal in seals)
        click.echo(f"seal {seals[-1].id}: {_count(rows, 'row')} since the last", err=True)
        click.echo("Keep this hash elsewhere too: it proves the record as it is now.", err=True)
    else:
        click.echo("Nothing new to seal." if hash_ else "Nothing to seal yet.", err=True)
    if hash_:
        click.echo(hash_)


def _count(count: int, what: str, plural: str = "") -> str:
    """Return a count with its noun, in the singular or plural.

    >>> _count(1, "row"), _count(0, "row"), _count(2, "delivery is", "deliveries are")
    ('1 row', '0 rows', '2 deliveries are')
    """
    return f"{count} {what if count == 1 else plural or what + 's'}"


@record.command()
@click.option("--expect", help="The hash of a seal, from your own copy. Any seal will do.")
def verify(expect: str | None) -> None:
    """Report every change, deletion and insertion of rows since they were recorded.

    Run this before `seal`, which would seal changed rows as they are. With --expect, the chain of
    seals must include the seal that you kept: then nothing that it covers was changed. The last
    line counts erasures by their cause. Compare 'request' with the requests that you had.
    """

    with _reading() as session:
        result = record_seal.verify(session)
    problems = list(result.problems)
    if expect is not None and expect not in result.hashes:
        problems.append(f"no seal has the hash you kept, {expect}; the last seal is {result.hash}")
    for problem in problems:
        click.echo(problem, err=True)
    over = f"{_count(result.seals, 'seal')} over {_count(result.rows, 'row')}"
    click.echo(f"{over}, {_count(result.unsealed, 'row')} not sealed yet")
    if expect in result.hashes:
        click.echo(f"The hash you kept is that of seal {result.hashes[expect]}.")
    if result.erasures:
        causes = (f"{count} by {cause}" for cause, count in result.erasures.items())
        click.echo(f"Erasures: {', '.join(causes)}")
    if problems:
        raise click.ClickException("the record is not as it was sealed")


@record.command()
@click.option("--comment", help="The platform's id of a comment.")
@click.option("--author", help="The platform's id of an author.")
@click.option("--older-than", type=click.IntRange(1), help="The age of decisions in days.")
@click.option("--community", help="Only this community or site. Default: all.")
def erase(
    comment: str | None, author: str | None, older_than: int | None, community: str | None
) -> None:
    """Remove texts and references to authors from decisions, and copies of the texts in replies.

    The decisions stay, and their seals stay valid. What a legal hold keeps is hidden from now on,
    and erased when the hold ends.
    """

    if sum(value is not None for value in (comment, author, older_than)) != 1:
        raise click.UsageError("name one of --comment, --author or --older-than")
    spool, now, days = _spool(), utc_now(), _keep_removed_days()
    with _sessions() as sessions:
        if comment is not None:
            done = record_erase.by_comment(sessions, spool, community, comment, now, days)
        elif author is not None:
            done = record_erase.by_author(sessions, spool, community, author, now, days)
        else:
            count = record_erase.older_than(sessions, older_than or 0, now, keep_removed_days=days)
            done = Erased(count, 0, None)
    decisions_hold = _count(done.erased, "decision holds", "decisions hold")
    click.echo(f"{decisions_hold} no text or reference any more.")
    if done.held_until:
        kept = _count(done.held, "decision is", "decisions are")
        click.echo(f"{kept} kept by a legal hold, and erased by {done.held_until:%Y-%m-%d}.")


def _keep_removed_days() -> int:
    try:
        return Policy.load(_settings().policy).publication.keep_removed_days
    except PolicyError as error:
        raise click.UsageError(str(error)) from None


@record.command()
@click.option("--comment", help="The platform's id of a comment.")
@click.option("--author", help="The platform's id of an author.")
@click.option("--community", help="Only this community or site. Default: all.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the hold ends, in UTC."
)
@click.option("--release", is_flag=True, help="End the hold now.")
def hold(
    comment: str | None,
    author: str | None,
    community: str | None,
    until: dt.datetime | None,
    *,
    release: bool,
) -> None:
    """Keep recorded comments for legal reasons, even if somebody asks to erase them.

    An erasure that is asked for meanwhile is carried out when the hold ends. The policy's
    `keep_removed_days` holds all rejected comments for a number of days.
    """
    if (comment is None) == (author is None):
        raise click.UsageError("name one of --comment and --author")
    if (until is None) != release:
        raise click.UsageError("give one of --until and --release")
    chosen = record_erase.which(community, comment_id=comment, author=author)
    with _sessions() as sessions:
        if until is None:
            count = holds.release(sessions, chosen, _keep_removed_days(), utc_now())
            click.echo(f"{_count(count, 'decision is', 'decisions are')} released.")
        else:
            count = holds.hold(sessions, chosen, until.replace(tzinfo=dt.UTC))
            kept = _count(count, "decision is", "decisions are")
            click.echo(f"{kept} held until {until:%Y-%m-%d}.")


@record.command()
@click.option("--verdicts", is_flag=True, help="Only decisions with a verdict.")
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
    """Yield decisions as JSON, in the format of `GET /v1/export`, oldest first.

    `which` selects 'all', 'judged' or 'waiting' decisions. Judged decisions have a moderator's
    verdict. Waiting decisions have no verdict, and still have their comment's text. `url` overrides
    the database of the settings.
    """
    from api.routes.visible import record_to_dict  # imports Flask, which no other command needs

    query = select(DecisionRow).order_by(DecisionRow.sequence).options(*HISTORY)
    if which == "judged":
        query = query.where(DecisionRow.verdicts.any(), holds.IN_USE)
    if which == "waiting":
        query = query.where(
            ~DecisionRow.verdicts.any(), DecisionRow.text.is_not(None), holds.IN_USE
        )
    with _sessions(url) as sessions, sessions() as session:
        for row in session.scalars(query.execution_options(yield_per=200)):
            yield json.dumps(record_to_dict(row, sensitive=True), ensure_ascii=False)


@contextmanager
def replayed(url: str | None, filters: ReplayFilter) -> Iterator[Replay]:
    """Open the recorded comments of a replay, which decides them again with a new policy.

    `filters` selects the comments. `url` overrides the database of the settings.
    """
    with _sessions(url) as sessions:
        yield Replay(sessions, filters)


def shadowed(model: str, version: str, champions: Mapping[str, str]) -> Iterator[ShadowPair]:
    """Yield pairs of decisions about a comment: by the models in use, and with a new version.

    The new version (`version` of `model`) runs in shadow: it decides some comments too, without any
    effect. Only pairs whose other decision came from the versions in `champions` are yielded.
    Yields nothing if there is no database.
    """
    if _missing_file(_settings().database.get_secret_value()):
        return
    with _reading() as session:
        yield from shadows.pairs(session, model, version, champions)


def recent(url: str | None, days: int, most: int) -> list[ScoredDecision]:
    """Return the scores of at most `most` decisions, the latest ones of the last `days` days.

    `url` overrides the database of the settings.
    """
    since = utc_now() - dt.timedelta(days=days)
    with _sessions(url) as sessions:
        return record_recent.recent(sessions, since, most)


@click.group()
def webhooks() -> None:
    """Manage calls to your webhooks that failed."""


@webhooks.command()
def dead() -> None:
    """List the calls that failed for a whole day, and are no longer retried."""

    with _reading() as session:
        for row in record_webhooks.dead_letters(session):
            click.echo(f"{row.id}  {row.event}  {masked(row.hook)}  {row.last_error}")


@webhooks.command()
@click.argument("ids", nargs=-1)
def resend(ids: tuple[str, ...]) -> None:
    """Send failed calls again: those with the given IDS, or all."""

    try:
        with _writing() as session:
            count = record_webhooks.resend(session, ids or None, utc_now())
    except LookupError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{_count(count, 'delivery is', 'deliveries are')} due again.")


@click.command()
def settings() -> None:
    """Show the service's settings, with secrets masked, and where everything is.

    The lines that begin with # say where your own and the shipped models and the shipped policy
    are. Only the webhook secret is shown in full, on a separate line, in the form that Standard
    Webhooks libraries take. Remove that line before you share the output.
    """
    values = _settings()
    for name, value in shown(values).items():
        click.echo(f"{name}={value}")
    if values.webhook_secret:
        secret = values.webhook_secret.get_secret_value()
        click.echo(f"# The webhook secret for libraries: {record_webhooks.library_secret(secret)}")
        if warning := record_webhooks.secret_warning(secret):
            click.echo(warning, err=True)
    for name, path in _places(values).items():
        click.echo(f"# {name:24}{path}")


def _places(values: Settings) -> dict[str, Path]:
    """Return the paths that no setting names."""
    store = values.models_in_use
    own = {"Your own models": store.own, "Checkpoints of training": store.own / "careful" / ".work"}
    shipped = {"Shipped models": store.shipped} if store.shipped else {}
    return {**own, **shipped, "Shipped policy": SHIPPED_POLICY}


def default_places(home: Path) -> tuple[bool, bool, bool]:
    """Return whether the record, the spool and the models are where they are by default.

    `home` is the state directory.
    """
    values = _settings({HOME: home})
    return (
        values.database.get_secret_value() == f"sqlite:///{home / RECORD}",
        values.spool == home / SPOOL,
        values.models is None,
    )
