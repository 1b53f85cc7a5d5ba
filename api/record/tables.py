"""The tables. What is private to a person stands in columns of its own, so that it can be erased.

Every decision, verdict and appeal carries a `fingerprint` of its lasting columns and a salted
digest of its private ones. Seals chain these, so erasing the private columns breaks nothing.
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
        """Refuse a time without zone: it would mean another moment on another machine."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time in the record needs its zone")
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, _: Any) -> dt.datetime | None:
        """SQLite forgets the zone; the record's is UTC."""
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
    """The end of a chain link: the hash over all rows since the seal before."""

    __tablename__ = "seals"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    sealed_at: Mapped[dt.datetime]


class Sealed(Base):
    """What every row that is sealed carries; `LASTING` and `PRIVATE` name its columns."""

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

    # What changes later: it is not part of the seal, the verdicts behind it are.
    standing: Mapped[str] = mapped_column(String(8))
    appealed: Mapped[bool]
    claimed_by: Mapped[str | None] = mapped_column(String(500))
    claimed_until: Mapped[dt.datetime | None]

    # Private to people: emptied by erasure and retention.
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
    """What a moderator said of a decision; the last one stands."""

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
    """An author's appeal; its outcome is a row of its own, so that neither is ever changed."""

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
    """The id of a decision that was answered, but not kept: another one was recorded first.

    Both were about the same comment with the same text. It says nothing of either.
    """

    __tablename__ = "aliases"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)


class ShadowRow(Base):
    """What a challenger in shadow would have decided; it goes when its decision is erased.

    The champion's side, its models and the policy of both stand in the decision.
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
    """A webhook call that is due, or given up (a dead letter); one that was taken is removed."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("deliveries_due", "hook", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    decision_id: Mapped[str | None] = mapped_column(String(32), index=True)  # of which it tells
    hook: Mapped[str] = mapped_column(String(500))
    event: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), index=True)  # due | dead
    tries: Mapped[int]
    due_at: Mapped[dt.datetime] = mapped_column(index=True)
    last_error: Mapped[str | None] = mapped_column(String(500))
