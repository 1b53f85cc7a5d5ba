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
from typing import Any

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
RETRY = dt.timedelta(seconds=2)  # after a failure the database is left alone for so long


def utc_now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


@dataclass
class Keeper:
    """Decides about comments and keeps what was decided."""

    moderator: Moderator
    sessions: Sessions
    spool: Spool
    clock: Clock = utc_now
    hooks: Sequence[Hook] = ()
    lost: int = 0  # decisions that neither the database nor the disk took
    _away_until: dt.datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def decide(
        self,
        comments: Sequence[Comment],
        *,
        community: str = "",
        route: str = "v1",
        store: bool = True,
        keep: bool = True,
    ) -> list[dict[str, Any]]:
        """A decision for each comment, as JSON values; `recorded` says whether it is kept.

        With `store` off no text is kept, with `keep` off nothing at all.
        """
        known, contexts = self._known(comments, community) if keep else ({}, {})
        fresh = [place for place in range(len(comments)) if place not in known]
        asked = [contexts.get(place, comments[place]) for place in fresh]
        made = dict(zip(fresh, self.moderator.moderate_many(asked), strict=True))
        recorded: set[str] = set()
        if keep and made:
            recorded = self._record(
                [
                    self._values(decision, comments[place], community, route, store)
                    for place, decision in made.items()
                ]
            )
        return [
            known[place]
            if place in known
            else {**made[place].to_dict(), "recorded": made[place].id in recorded}
            for place in range(len(comments))
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
    def away(self) -> bool:
        """Whether the database failed a moment ago."""
        return self._away_until is not None and self.clock() < self._away_until

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
        self, decision: Decision, comment: Comment, community: str, route: str, store: bool
    ) -> dict[str, Any]:
        return decisions.fields(
            decision,
            comment,
            self.moderator.policy,
            community=community,
            route=route,
            store=store,
            now=self.clock(),
        )

    def _known(
        self, comments: Sequence[Comment], community: str
    ) -> tuple[dict[int, dict[str, Any]], dict[int, Comment]]:
        """Decisions already made, by place; and the other comments with their authors' history."""
        if self.away:
            return {}, {}
        known: dict[int, dict[str, Any]] = {}
        contexts: dict[int, Comment] = {}
        try:
            with self.sessions() as session:
                for place, comment in enumerate(comments):
                    row = decisions.find(session, community, comment)
                    if row is not None:
                        known[place] = decisions.to_dict(row)
                    elif comment.author is not None:
                        past = history(session, community, comment, self.clock())
                        contexts[place] = replace(comment, recent=past.recent)
        except SQLAlchemyError as error:
            self._failed(error)
        return known, contexts

    def _record(self, values: list[dict[str, Any]]) -> set[str]:
        """The ids of those that the database took; the others wait in the spool."""
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
                log.error("the spool refused a decision: %s", error.strerror)
        return set()

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._away_until = self.clock() + RETRY
        log.error("the database is away: %s", type(error).__name__)
