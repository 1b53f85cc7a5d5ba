"""The tables. Personal data has its own columns, so it can be erased.

Decisions, verdicts and appeals hold a salted digest of their private columns. Seals cover the
lasting columns and these digests, so erasing private columns leaves the seals valid.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

# SQLite numbers rows by itself only in a column of exactly this type.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[dt.datetime]):
    """A time in UTC, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _: Any) -> dt.datetime | None:
        """Convert to UTC. Refuse a time without zone, which is ambiguous."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time in the record needs its zone")
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, _: Any) -> dt.datetime | None:
        """Return the time in UTC, also from SQLite, which stores no zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """The record's tables."""

    type_annotation_map: ClassVar = {
        dt.datetime: Moment(),
        dict[str, Any]: JSON(),
        list[dict[str, Any]]: JSON(),
    }


class Seal(Base):
    """A link of the chain: the hash over all rows since the previous seal."""

    __tablename__ = "seals"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    sealed_at: Mapped[dt.datetime]


class Sealed(Base):
    """The columns of every sealed row. `LASTING` and `PRIVATE` name those that are hashed."""

    __abstract__ = True
    LASTING: ClassVar[list[str]]
    PRIVATE: ClassVar[list[str]]

    id: Mapped[str] = mapped_column(String(32), unique=True)

    sequence: Mapped[int] = mapped_column(Serial, primary_key=True)
    recorded_at: Mapped[dt.datetime]
    seal_id: Mapped[int | None] = mapped_column(ForeignKey("seals.id"), index=True)
    seal_place: Mapped[int | None]
    salt: Mapped[str | None] = mapped_column(String(32))
    private_digest: Mapped[str] = mapped_column(String(64))


class DecisionRow(Sealed):
    """One decision about one revision of a comment."""

    __tablename__ = "decisions"
    __table_args__ = (
        # The same comment with the same text is the same decision.
        UniqueConstraint("community", "comment_id", "text_key"),
        Index("queue", "standing", "decided_at"),
    )

    community: Mapped[str] = mapped_column(String(500))
    revision: Mapped[int]
    route: Mapped[str] = mapped_column(String(32))
    format: Mapped[str] = mapped_column(String(8))
    action: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[dict[str, Any]]]
    observed: Mapped[list[dict[str, Any]]]
    scores: Mapped[dict[str, Any]]
    thresholds: Mapped[dict[str, Any]]
    language: Mapped[dict[str, Any]]
    policy: Mapped[str] = mapped_column(String(80))
    models: Mapped[dict[str, Any]]
    rules: Mapped[str] = mapped_column(Text)  # of the reasons, each between spaces: ' abuse spam '
    language_code: Mapped[str] = mapped_column(String(16))
    doubt: Mapped[float] = mapped_column(index=True)
    decided_at: Mapped[dt.datetime] = mapped_column(index=True)
    took_ms: Mapped[float]
    stored: Mapped[bool]

    # These change later. Seals cover the verdicts instead.
    standing: Mapped[str] = mapped_column(String(8))
    appealed: Mapped[bool]
    claimed_by: Mapped[str | None] = mapped_column(String(500))
    claimed_until: Mapped[dt.datetime | None]

    # Personal data, which erasure and retention clear.
    comment_id: Mapped[str | None] = mapped_column(String(500), index=True)
    text_key: Mapped[str | None] = mapped_column(String(64), index=True)
    text: Mapped[str | None] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(String(500), index=True)
    article: Mapped[str | None] = mapped_column(Text)
    parent: Mapped[str | None] = mapped_column(Text)
    wording: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    erased_at: Mapped[dt.datetime | None]

    verdicts: Mapped[list[VerdictRow]] = relationship(order_by="VerdictRow.sequence")
    appeals: Mapped[list[AppealRow]] = relationship(order_by="AppealRow.sequence")

    LASTING: ClassVar = (
        "id community revision route format action reasons observed rules scores thresholds "
        "language language_code policy models doubt decided_at took_ms stored recorded_at "
        "private_digest"
    ).split()
    PRIVATE: ClassVar = "comment_id text_key text author article parent wording".split()


class VerdictRow(Sealed):
    """A moderator's verdict on a decision. The last one counts."""

    __tablename__ = "verdicts"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)
    action: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[dt.datetime]

    who: Mapped[str | None] = mapped_column(String(500))
    reason: Mapped[str | None] = mapped_column(Text)

    LASTING: ClassVar = "id decision_id action route given_at recorded_at private_digest".split()
    PRIVATE: ClassVar = "who reason".split()


class AppealRow(Sealed):
    """A step of an author's appeal. Each step is a new row, so no row changes."""

    __tablename__ = "appeals"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)
    step: Mapped[str] = mapped_column(String(16))  # received | acknowledged | upheld | overturned
    at: Mapped[dt.datetime]
    acknowledge_by: Mapped[dt.datetime | None]
    decide_by: Mapped[dt.datetime | None]

    who: Mapped[str | None] = mapped_column(String(500))
    reason: Mapped[str | None] = mapped_column(Text)

    LASTING: ClassVar = (
        "id decision_id step at acknowledge_by decide_by recorded_at private_digest"
    ).split()
    PRIVATE: ClassVar = "who reason".split()


class AliasRow(Base):
    """The id of a decision that was answered but not recorded: another worker was first.

    Both decisions were about the same comment with the same text.
    """

    __tablename__ = "aliases"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)


class ShadowRow(Base):
    """What a challenger in shadow would have decided. Erasing the decision removes it.

    The decision holds the champion's side, its models and the policy of both.
    """

    __tablename__ = "shadow_decisions"
    __table_args__ = (Index("shadow_challenger", "model", "version"),)

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    model: Mapped[str] = mapped_column(String(255), primary_key=True)
    version: Mapped[str] = mapped_column(String(255), primary_key=True)
    action: Mapped[str] = mapped_column(String(8))
    rules: Mapped[str] = mapped_column(Text)
    scores: Mapped[dict[str, Any]]
    models: Mapped[dict[str, Any]]
    made_at: Mapped[dt.datetime]


# Loads the verdicts and appeals of many decisions together.
HISTORY = (selectinload(DecisionRow.verdicts), selectinload(DecisionRow.appeals))


class KeyRow(Base):
    """An API key: its hash, what it may do and how often."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(500))
    rate: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]


class DeliveryRow(Base):
    """A webhook call that is due or failed for good (a dead letter). Success removes it."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("deliveries_due", "hook", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    decision_id: Mapped[str | None] = mapped_column(String(32), index=True)  # that it reports
    hook: Mapped[str] = mapped_column(String(500))
    event: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), index=True)  # due | dead
    tries: Mapped[int]
    due_at: Mapped[dt.datetime] = mapped_column(index=True)
    last_error: Mapped[str | None] = mapped_column(String(500))
