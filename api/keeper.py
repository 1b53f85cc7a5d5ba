"""Decide and keep: what every route that decides does, in whatever dialect.

The database is asked first, because the same comment with the same text has its decision
already. When the database is away the comment is decided all the same, and the decision waits
in the spool; when the disk is full too, it is answered as not recorded and readiness says so.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.record import decisions, verdicts, webhooks
from api.record.circuit import Circuit
from api.record.database import Sessions, writing
from api.record.history import history
from api.record.spool import Spool
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from api.shadow import Busy, Shadowing
from moderation import Comment, Decision, Moderator, Policy

log = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]
LOST_SHOWN_S = 60.0


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
    circuit: Circuit = field(default_factory=Circuit)
    busy: Busy = field(default_factory=Busy)
    shadow: Shadowing | None = None
    on_lost: Callable[[], None] | None = None  # called for each that neither database nor disk took
    lost: int = 0
    _lost_at: float | None = None

    def decide(
        self,
        asked: Sequence[Asked],
        *,
        community: str = "",
        route: str = "v1",
        moderator: Moderator | None = None,
    ) -> list[dict[str, Any]]:
        """A decision for each comment, as JSON values; `recorded` says whether it is kept.

        Another `moderator`, of the same policy, may be given for who has no time for this one.
        """
        known, contexts = self._known(asked, community)
        fresh = [place for place in range(len(asked)) if place not in known]
        comments = [contexts.get(place, asked[place].comment) for place in fresh]
        judge = moderator or self.moderator  # taken once: another may take its place any time
        with self.busy:
            made = dict(zip(fresh, judge.moderate_many(comments), strict=True))
            recorded = self._record(
                [
                    self._values(decision, asked[place], judge.policy, community, route)
                    for place, decision in made.items()
                    if asked[place].keep
                ]
            )
        if self.shadow:
            for decision, comment in zip(made.values(), comments, strict=True):
                if decision.id in recorded:
                    self.shadow.offer(decision, comment, judge)
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
            this = select(DecisionRow.sequence).where(DecisionRow.id == decision_id)
            session.execute(this.with_for_update())  # of two who correct it at once, one waits
            yield session
            session.flush()
            row = decisions.get(session, decision_id)
            data = {**decisions.brief(row), "history": verdicts.history(row)}
            webhooks.enqueue(session, self.hooks, event, data, self.clock())

    @property
    def lost_lately(self) -> bool:
        """Whether a decision was lost in the last minute."""
        return self._lost_at is not None and time.monotonic() - self._lost_at < LOST_SHOWN_S

    def trouble(self) -> str | None:
        """Why decisions may be lost just now; None where they are safe."""
        if self.lost_lately:
            return "Neither the database nor the disk takes decisions; comments are decided still."
        try:
            self.spool.probe()
        except OSError as error:
            return f"The disk for waiting decisions cannot be written: {error.strerror}."
        return None

    def reach(self) -> bool:
        """Whether the database answers; asks it where it did not when last heard of."""
        if not self.circuit.open:
            return True
        if not self.circuit.may_try():
            return False
        try:
            with self.sessions() as session:
                session.execute(select(1))
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return False
        self.circuit.answered()
        return True

    def drain(self) -> int:
        """Write what waits in the spool, if the database is there; how many rows."""
        if not self.reach() or not len(self.spool):
            return 0
        try:
            return self.spool.drain(self.sessions, self.clock(), self.hooks)
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return 0

    def _values(
        self, decision: Decision, asked: Asked, policy: Policy, community: str, route: str
    ) -> dict[str, Any]:
        return decisions.fields(
            decision,
            asked.comment,
            policy,
            community=community,
            route=route,
            store=asked.store,
            now=self.clock(),
        )

    def _known(
        self, asked: Sequence[Asked], community: str
    ) -> tuple[dict[int, dict[str, Any]], dict[int, Comment]]:
        """Decisions already made, by place; and the other comments with their authors' history."""
        kept = {place: one.comment for place, one in enumerate(asked) if one.keep}
        known: dict[int, dict[str, Any]] = {}
        contexts: dict[int, Comment] = {}
        named = any(comment.id or comment.author for comment in kept.values())
        if not named or not self.circuit.may_try():
            return known, contexts
        try:
            with self.sessions() as session:
                places = list(kept)
                found = decisions.find_many(session, community, list(kept.values()))
                known = {places[at]: decisions.to_dict(row) for at, row in found.items()}
                for place, comment in kept.items():
                    if place not in known and comment.author is not None:
                        known_of = history(session, community, comment, self.clock())
                        contexts[place] = replace(comment, **known_of._asdict())
        except SQLAlchemyError as error:
            self.circuit.failed(error)
        else:
            self.circuit.answered()
        return known, contexts

    def _record(self, values: list[dict[str, Any]]) -> set[str]:
        """The ids of those that the database took; the others wait in the spool."""
        if not values:
            return set()
        if self.circuit.may_try():
            try:
                refused = decisions.keep(self.sessions, values, self.clock(), self.hooks)
            except SQLAlchemyError as error:
                self.circuit.failed(error)
            else:
                self.circuit.answered()
                for _ in refused:
                    self._lose()
                return {row["id"] for row in values} - refused
        for row in values:
            try:
                self.spool.put(row)
            except OSError as error:
                log.error("the spool refused a decision: %s", error.strerror)
                self._lose()
        return set()

    def _lose(self) -> None:
        self.lost += 1
        self._lost_at = time.monotonic()
        if self.on_lost:
            self.on_lost()
