"""Define the tables of the record. Personal data has its own columns, which can be erased.

A row of a decision, verdict or appeal has lasting columns, which never change, and private columns,
which hold personal data. It also holds a salted digest of its private columns. A seal is a hash
over rows, which proves that they were not changed (`seal.py`). A seal covers the lasting columns
and the digest, but not the private columns. So a seal stays valid when private columns are erased.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TextClause,
    TypeDecorator,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    foreign,
    mapped_column,
    relationship,
    selectinload,
)

# SQLite numbers rows by itself only in a column of exactly this type.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[dt.datetime]):
    """A column type for times in UTC, whether or not the database knows time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _: Any) -> dt.datetime | None:
        """Convert a time to UTC for the database.

        A time without a zone is refused, because it is ambiguous.
        """
        if value is not None and value.tzinfo is None:
            raise ValueError("a time in the record needs its zone")
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, _: Any) -> dt.datetime | None:
        """Return a time from the database in UTC. SQLite stores no time zone, so UTC is added."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """The base class of all tables of the record."""

    type_annotation_map: ClassVar = {
        dt.datetime: Moment(),
        dict[str, Any]: JSON(),
        list[dict[str, Any]]: JSON(),
    }


# SQL conditions of partial indexes. A query uses such an index only if it has the same words, so
# the queries take them from here.
WAITING = text("erased_at IS NULL AND (standing = 'review' OR appealed)")
KEPT = text("erased_at IS NULL")
KEPT_SENSITIVE = text("erased_at IS NULL AND sensitive")
UNSEALED = text("seal_id IS NULL")
ARTICLE_START = "substr(article, 1, 200)"  # an article may be longer than an index entry

_FILTERS = ("decided_at", "language_code")


def _partial(name: str, *columns: Any, where: TextClause) -> Index:
    """Return an index over the rows for which the SQL condition `where` is true."""
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class Seal(Base):
    """A seal: the hash over all rows recorded since the previous seal, and over that seal."""

    __tablename__ = "seals"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    sealed_at: Mapped[dt.datetime]


class Sealed(Base):
    """The columns of every table whose rows are sealed (hashed, so that changes show).

    `LASTING` names the columns that never change. `PRIVATE` names those that can be erased. `ADDED`
    names those of them that later versions added: hashes leave them out while they are empty, so
    that the hashes of older rows stay valid.
    """

    __abstract__ = True
    LASTING: ClassVar[list[str]]
    PRIVATE: ClassVar[list[str]]
    ADDED: ClassVar[frozenset[str]] = frozenset()

    id: Mapped[str] = mapped_column(String(32), unique=True)

    sequence: Mapped[int] = mapped_column(Serial, primary_key=True)
    recorded_at: Mapped[dt.datetime]
    seal_id: Mapped[int | None] = mapped_column(ForeignKey("seals.id"), index=True)
    seal_place: Mapped[int | None]
    salt: Mapped[str | None] = mapped_column(String(32))
    private_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(64))  # of the lasting columns


class PolicyRow(Base):
    """The thresholds of a policy, by the policy's hash, which every decision names.

    Decisions refer to this row, so that the same thresholds are not stored with each of them.
    """

    __tablename__ = "policies"

    hash: Mapped[str] = mapped_column(String(80), primary_key=True)
    thresholds: Mapped[dict[str, Any]]


class DecisionRow(Sealed):
    """One decision about one revision of a comment: the first text or one of its edits."""

    __tablename__ = "decisions"
    __table_args__ = (
        # The same comment with the same text is the same decision.
        UniqueConstraint("community", "comment_id", "text_key"),
        # The last two columns are for filters, so that the rows need not be read for them.
        _partial("queue_urgent", text("urgent DESC"), "sequence", *_FILTERS, where=WAITING),
        _partial("queue_oldest", "sequence", *_FILTERS, where=WAITING),
        _partial(
            "queue_urgent_doubtful",
            text("urgent DESC"),
            text("doubt DESC"),
            "sequence",
            *_FILTERS,
            where=WAITING,
        ),
        _partial("queue_doubtful", text("doubt DESC"), "sequence", *_FILTERS, where=WAITING),
        _partial(
            "queue_article",
            text(ARTICLE_START),
            text("urgent DESC"),
            "sequence",
            where=WAITING,
        ),
        _partial("queue_author", "author", text("urgent DESC"), "sequence", where=WAITING),
        _partial("decisions_kept", "decided_at", where=KEPT),
        _partial("decisions_kept_sensitive", "decided_at", where=KEPT_SENSITIVE),
        _partial("decisions_unsealed", "sequence", where=UNSEALED),
        _partial("decisions_parent", "parent_key", where=text("parent_key IS NOT NULL")),
        _partial("decisions_erase_due", "erase_due_at", where=text("erase_due_at IS NOT NULL")),
        Index("decisions_author", "author", "sequence"),
        Index("decisions_changed", text("coalesce(changed_at, recorded_at)"), "sequence"),
    )

    community: Mapped[str] = mapped_column(String(500))
    revision: Mapped[int]
    route: Mapped[str] = mapped_column(String(32))
    format: Mapped[str] = mapped_column(String(8))
    action: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[dict[str, Any]]]
    observed: Mapped[list[dict[str, Any]]]
    scores: Mapped[dict[str, Any]]
    own_thresholds: Mapped[dict[str, Any]] = mapped_column("thresholds")  # {}: those of `policies`
    language: Mapped[dict[str, Any]]
    policy: Mapped[str] = mapped_column(String(80))
    models: Mapped[dict[str, Any]]
    rules: Mapped[str] = mapped_column(Text)  # of the reasons, each between spaces: ' abuse spam '
    language_code: Mapped[str] = mapped_column(String(16))
    doubt: Mapped[float]
    decided_at: Mapped[dt.datetime] = mapped_column(index=True)
    took_ms: Mapped[float]
    stored: Mapped[bool]

    # Derived from the findings, for the indexes: whether an urgent rule acted, and whether a
    # sensitive rule found something.
    urgent: Mapped[bool] = mapped_column(server_default=false())
    sensitive: Mapped[bool] = mapped_column(server_default=false())

    # These change later. Seals cover the verdicts instead.
    standing: Mapped[str] = mapped_column(String(8))
    appealed: Mapped[bool]
    claimed_by: Mapped[str | None] = mapped_column(String(500))
    claimed_until: Mapped[dt.datetime | None]
    # When its last verdict or step of an appeal was recorded. The column was added without a
    # rewrite of all rows, so it is null before the first of these.
    corrected_at: Mapped[dt.datetime | None] = mapped_column("changed_at")

    # Personal data, which erasure and retention clear.
    comment_id: Mapped[str | None] = mapped_column(String(500), index=True)
    text_key: Mapped[str | None] = mapped_column(String(64), index=True)
    text: Mapped[str | None] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(String(500))
    article: Mapped[str | None] = mapped_column(Text)
    parent: Mapped[str | None] = mapped_column(Text)
    parent_key: Mapped[str | None] = mapped_column(String(64))  # derived from `parent`
    wording: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    erased_at: Mapped[dt.datetime | None]

    # A legal hold, and when an erasure that it delays is due.
    held_until: Mapped[dt.datetime | None]
    erase_due_at: Mapped[dt.datetime | None]

    verdicts: Mapped[list[VerdictRow]] = relationship(order_by="VerdictRow.sequence")
    appeals: Mapped[list[AppealRow]] = relationship(order_by="AppealRow.sequence")
    policy_row: Mapped[PolicyRow | None] = relationship(
        primaryjoin=lambda: foreign(DecisionRow.policy) == PolicyRow.hash, viewonly=True
    )

    @hybrid_property
    def changed_at(self) -> dt.datetime:
        """When the row, its last verdict or the last step of an appeal was recorded."""
        return self.corrected_at or self.recorded_at

    @changed_at.inplace.expression
    @classmethod
    def _changed_at(cls) -> ColumnElement[dt.datetime]:
        return func.coalesce(cls.corrected_at, cls.recorded_at)

    @property
    def thresholds(self) -> dict[str, Any]:
        """The review and reject thresholds of each rule when the decision was made."""
        if self.own_thresholds or self.policy_row is None:
            return self.own_thresholds
        return self.policy_row.thresholds

    LASTING: ClassVar = (
        "id community revision route format action reasons observed rules scores thresholds "
        "language language_code policy models doubt decided_at took_ms stored recorded_at "
        "private_digest"
    ).split()
    PRIVATE: ClassVar = "comment_id text_key text author article parent wording".split()


class VerdictRow(Sealed):
    """A moderator's verdict on a decision. If there are several, the last verdict applies."""

    __tablename__ = "verdicts"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)
    action: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[dt.datetime]

    who: Mapped[str | None] = mapped_column(String(500))
    reason: Mapped[str | None] = mapped_column(Text)
    key_id: Mapped[str | None] = mapped_column(String(16))  # the API key that gave it
    follows: Mapped[str | None] = mapped_column(String(32))  # the verdict before it

    LASTING: ClassVar = (
        "id decision_id action route given_at recorded_at private_digest follows"
    ).split()
    PRIVATE: ClassVar = "who reason key_id".split()
    ADDED: ClassVar = frozenset({"key_id", "follows"})


class AppealRow(Sealed):
    """A step of an author's appeal. Every step adds a row, so that no row changes."""

    __tablename__ = "appeals"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)
    step: Mapped[str] = mapped_column(String(16))  # received | acknowledged | upheld | overturned
    at: Mapped[dt.datetime]
    acknowledge_by: Mapped[dt.datetime | None]
    decide_by: Mapped[dt.datetime | None]

    who: Mapped[str | None] = mapped_column(String(500))
    reason: Mapped[str | None] = mapped_column(Text)

    follows: Mapped[str | None] = mapped_column(String(32))  # the step before it

    LASTING: ClassVar = (
        "id decision_id step at acknowledge_by decide_by recorded_at private_digest follows"
    ).split()
    PRIVATE: ClassVar = "who reason".split()
    ADDED: ClassVar = frozenset({"follows"})


class ErasureRow(Sealed):
    """An erasure of a decision's private columns. Without one, emptied columns are tampering.

    An erasure of a copy empties only the column `parent` of a reply. `remaining` is the digest of
    the private columns that are left.
    """

    __tablename__ = "erasures"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)
    cause: Mapped[str] = mapped_column(String(16))  # request | age | hold | copy | earlier
    erased_at: Mapped[dt.datetime]
    remaining: Mapped[str | None] = mapped_column(String(64))

    LASTING: ClassVar = (
        "id decision_id cause erased_at remaining recorded_at private_digest".split()
    )
    PRIVATE: ClassVar[list[str]] = []


class AliasRow(Base):
    """A second id of a recorded decision.

    Two workers decided about the same comment and text. Only one decision was recorded, but a
    client had got the id of the other. This row leads from that id to the recorded decision.
    """

    __tablename__ = "aliases"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)


class ShadowRow(Base):
    """What a challenger would have decided about a comment.

    The challenger ran "in shadow": it decided without any effect. The champion's decision, its
    models and the policy are in the row of that decision. Erasing that decision removes this row.
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
    """An API key: the hash of its secret, its scopes and its rate limit."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(500))
    rate: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]  # written at most once a minute
    trusted_names: Mapped[bool] = mapped_column(server_default=false())


class DeliveryRow(Base):
    """An event that is due to one webhook, or whose delivery failed for good (a dead letter).

    The row is removed when the webhook has accepted the event.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_due", "hook", "state", "due_at"),
        Index("deliveries_state", "state", "due_at", "hook"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    decision_id: Mapped[str | None] = mapped_column(String(32), index=True)  # that it reports
    hook: Mapped[str] = mapped_column(String(500))
    event: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8))  # due | dead
    tries: Mapped[int]
    due_at: Mapped[dt.datetime]
    last_error: Mapped[str | None] = mapped_column(String(500))
