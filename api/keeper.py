"""Decide and keep: what every route that decides does, in whatever dialect.

The database is asked first, because the same comment with the same text has its decision
already. When the database is away the comment is decided all the same, and the decision waits
in the spool; when the disk is full too, it is answered as not recorded and readiness says so.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.record import decisions, verdicts, webhooks
from api.record.database import Sessions, writing
from api.record.history import history
from api.record.spool import Spool
from api.record.webhooks import Hook
from moderation import Comment, Decision, Moderator

log = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]
LOST_SHOWN = dt.timedelta(minutes=1)
RETRY = dt.timedelta(seconds=2)  # after a failure the database is left alone for so long


def utc_now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


class Asked(NamedTuple):
    """A comment to decide about: with `keep` off nothing is kept, with `store` off no text."""

    comment: Comment
    keep: bool = True
    store: bool = True


@dataclass
class Keeper:
    """Decides about comments and keeps what was decided."""

    moderator: Moderator
    sessions: Sessions
    spool: Spool
    clock: Clock = utc_now
    hooks: Sequence[Hook] = ()
    lost: int = 0  # decisions that neither the database nor the disk took
    _lost_at: dt.datetime | None = None
    _away_until: dt.datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def decide(
        self, asked: Sequence[Asked], *, community: str = "", route: str = "v1"
    ) -> list[dict[str, Any]]:
        """A decision for each comment, as JSON values; `recorded` says whether it is kept."""
        known, contexts = self._known(asked, community)
        fresh = [place for place in range(len(asked)) if place not in known]
        comments = [contexts.get(place, asked[place].comment) for place in fresh]
        made = dict(zip(fresh, self.moderator.moderate_many(comments), strict=True))
        recorded = self._record(
            [
                self._values(decision, asked[place], community, route)
                for place, decision in made.items()
                if asked[place].keep
            ]
        )
        return [
            known[place]
            if place in known
            else {**made[place].to_dict(), "recorded": made[place].id in recorded}
            for place in range(len(asked))
        ]

    @contextmanager
    def writing(self, event: str, decision_id: str) -> Iterator[Session]:
        """A session to correct a decision in; what was done goes out to the webhooks."""
        with writing(self.sessions) as session:
            yield session
            session.flush()
            row = decisions.get(session, decision_id)
            data = {**decisions.brief(row), "history": verdicts.history(row)}
            webhooks.enqueue(session, self.hooks, event, data, self.clock())

    @property
    def lost_lately(self) -> bool:
        """Whether a decision was lost in the last minute."""
        return self._lost_at is not None and self.clock() - self._lost_at < LOST_SHOWN

    @property
    def away(self) -> bool:
        """Whether the database failed a moment ago."""
        return self._away_until is not None and self.clock() < self._away_until

    def trouble(self) -> str | None:
        """Why decisions may be lost just now; None where they are safe."""
        if self.lost_lately:
            return "Neither the database nor the disk takes decisions; comments are decided still."
        try:
            self.spool.probe()
        except OSError as error:
            return f"The disk for waiting decisions cannot be written: {error.strerror}."
        return None

    def drain(self) -> int:
        """Write what waits in the spool, if the database is there; how many rows."""
        if self.away or not len(self.spool):
            return 0
        try:
            return self.spool.drain(self.sessions, self.clock(), self.hooks)
        except SQLAlchemyError as error:
            self._failed(error)
            return 0

    def _values(
        self, decision: Decision, asked: Asked, community: str, route: str
    ) -> dict[str, Any]:
        return decisions.fields(
            decision,
            asked.comment,
            self.moderator.policy,
            community=community,
            route=route,
            store=asked.store,
            now=self.clock(),
        )

    def _known(
        self, asked: Sequence[Asked], community: str
    ) -> tuple[dict[int, dict[str, Any]], dict[int, Comment]]:
        """Decisions already made, by place; and the other comments with their authors' history."""
        if self.away or not any(one.keep for one in asked):
            return {}, {}
        known: dict[int, dict[str, Any]] = {}
        contexts: dict[int, Comment] = {}
        try:
            with self.sessions() as session:
                for place, (comment, keep, _) in enumerate(asked):
                    if not keep:
                        continue
                    row = decisions.find(session, community, comment)
                    if row is not None:
                        known[place] = decisions.to_dict(row)
                    elif comment.author is not None:
                        known_of = history(session, community, comment, self.clock())
                        contexts[place] = replace(comment, **known_of._asdict())
        except SQLAlchemyError as error:
            self._failed(error)
        return known, contexts

    def _record(self, values: list[dict[str, Any]]) -> set[str]:
        """The ids of those that the database took; the others wait in the spool."""
        if not values:
            return set()
        if not self.away:
            try:
                decisions.keep(self.sessions, values, self.clock(), self.hooks)
            except SQLAlchemyError as error:
                self._failed(error)
            else:
                return {row["id"] for row in values}
        for row in values:
            try:
                self.spool.put(row)
            except OSError as error:
                self.lost += 1
                self._lost_at = self.clock()
                log.error("the spool refused a decision: %s", error.strerror)
        return set()

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._away_until = self.clock() + RETRY
        log.error("the database is away: %s", type(error).__name__)
