"""Decide and keep: what every route that decides does, in whatever dialect.

The same comment with the same text gets the same decision. The database is asked first, then the
spool, because one of them may hold it already; where two ask at the same moment, the decision that
was kept first is the answer to both. When the database is away the comment is decided all the same,
and the decision waits in the spool; when the disk is full too, it is answered as not recorded and
readiness says so.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.busy import BusyCounter
from api.record import decisions, verdicts, webhooks
from api.record.circuit import Circuit
from api.record.database import Sessions, writing
from api.record.decisions import Answer
from api.record.history import history
from api.record.spool import Spool
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from moderation import Comment, Decision, Moderator, Policy

log = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]
OnRecorded = Callable[[Decision, Comment, Moderator], None]
LOST_SHOWN_S = 60.0


def utc_now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


class DecisionRequest(NamedTuple):
    """A comment to decide about, whether to record the decision, and whether with the text."""

    comment: Comment
    record: bool = True
    store_text: bool = True


@dataclass
class Decider:
    """Decides about comments and keeps what was decided."""

    moderator: Moderator
    sessions: Sessions
    spool: Spool
    clock: Clock = utc_now
    hooks: Sequence[Hook] = ()
    circuit: Circuit = field(default_factory=Circuit)
    busy: BusyCounter = field(default_factory=BusyCounter)
    on_recorded: OnRecorded | None = None  # called with each new decision in the database
    on_lost: Callable[[], None] | None = None  # called when neither database nor disk takes one
    lost: int = 0
    _lost_at: float | None = None
    _drained: int = field(init=False)  # `spool.drained()` as it was when the database was asked

    def __post_init__(self) -> None:
        self._drained = self.spool.drained()

    def decide(
        self,
        asked: Sequence[DecisionRequest],
        *,
        community: str = "",
        route: str = "v1",
        moderator: Moderator | None = None,
    ) -> list[Answer]:
        """A decision for each comment, as JSON values; `recorded` says whether it is kept.

        Another `moderator`, of the same policy, may be given for who has no time for this one.
        """
        drained = self.spool.drained()
        known, contexts = self._known(asked, community, drained)
        firsts = _firsts(asked)
        fresh = [place for place in firsts if place not in known and firsts[place] == place]
        comments = [contexts.get(place, asked[place].comment) for place in fresh]
        judge = moderator or self.moderator  # taken once: another may take its place any time
        with self.busy:
            made = list(judge.moderate_many(comments))
            kept = self._record(
                [
                    self._values(decision, asked[place], judge.policy, community, route)
                    for place, decision in zip(fresh, made, strict=True)
                    if asked[place].record
                ],
                drained,
            )
        answers = dict(known)
        for place, decision, comment in zip(fresh, made, comments, strict=True):
            answers[place] = _answer(decision, comment, kept.get(decision.id))
            new = answers[place]["recorded"] and answers[place]["id"] == decision.id
            if self.on_recorded and new:
                self.on_recorded(decision, comment, judge)
        return [answers[first] for first in firsts.values()]

    @contextmanager
    def writing(self, event: str, decision_id: str) -> Iterator[Session]:
        """A session to correct a decision in; what was done goes out to the webhooks."""
        with writing(self.sessions) as session:
            kept_id = decisions.kept_id(session, decision_id)
            this = select(DecisionRow.sequence).where(DecisionRow.id == kept_id)
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
        """Whether the database answers; asks it where it did not when last heard of.

        For housekeeping, which may wait. It asks even where a request has just asked: under load
        there is always one, and that request cannot make a schema that is missing.
        """
        if not self.circuit.open:
            return True
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
        self, decision: Decision, asked: DecisionRequest, policy: Policy, community: str, route: str
    ) -> dict[str, Any]:
        return decisions.fields(
            decision,
            asked.comment,
            policy,
            community=community,
            route=route,
            store=asked.store_text,
            now=self.clock(),
        )

    def _known(
        self, asked: Sequence[DecisionRequest], community: str, drained: int
    ) -> tuple[dict[int, Answer], dict[int, Comment]]:
        """Decisions already made, by place; and the other comments with their authors' history."""
        kept = {place: one.comment for place, one in enumerate(asked) if one.record}
        known: dict[int, Answer] = {}
        contexts: dict[int, Comment] = {}
        if not any(comment.id or comment.author for comment in kept.values()):
            return known, contexts
        # Where another worker has drained the spool, the database is back.
        if self.circuit.may_try() or drained != self._drained:
            try:
                known, contexts = self._look_up(kept, community)
            except SQLAlchemyError as error:
                self.circuit.failed(error)
            else:
                self.circuit.answered()
            self._drained = drained
        for place, comment in kept.items():
            if place not in known and (waiting := self.spool.find(community, comment)):
                known[place] = decisions.waiting(waiting)
        return known, contexts

    def _look_up(
        self, kept: Mapping[int, Comment], community: str
    ) -> tuple[dict[int, Answer], dict[int, Comment]]:
        """What the record knows about these comments, in the same two parts."""
        contexts: dict[int, Comment] = {}
        with self.sessions() as session:
            places = list(kept)
            rows = decisions.find_many(session, community, list(kept.values()))
            known = {places[at]: decisions.to_dict(row) for at, row in rows.items()}
            for place, comment in kept.items():
                if place not in known and comment.author is not None:
                    known_of = history(session, community, comment, self.clock())
                    contexts[place] = replace(comment, **known_of._asdict())
        return known, contexts

    def _record(self, values: list[dict[str, Any]], drained: int) -> dict[str, Answer]:
        """By each id the decision that is kept for it; the others are lost.

        Those that the database cannot take wait in the spool.
        """
        if not values:
            return {}
        if self.circuit.may_try():
            kept = self._keep(values)
            if kept is not None:
                for _ in range(len(values) - len(kept)):
                    self._lose()
                return kept
        kept = {}
        for row in values:
            try:
                kept[row["id"]] = decisions.waiting(self.spool.put(row))
            except OSError as error:
                log.error("the spool refused a decision: %s", error.strerror)
                self._lose()
        if self.spool.drained() != drained:
            # Since the spool was asked, another worker has recorded what waited there, so that
            # the record may hold decisions about these comments by now.
            kept |= self._keep(values) or {}
        return kept

    def _keep(self, values: list[dict[str, Any]]) -> dict[str, Answer] | None:
        """By each id the decision that the database holds; None where it is away."""
        try:
            kept = decisions.keep(self.sessions, values, self.clock(), self.hooks)
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return None
        self.circuit.answered()
        return kept

    def _lose(self) -> None:
        self.lost += 1
        self._lost_at = time.monotonic()
        if self.on_lost:
            self.on_lost()


def _firsts(asked: Sequence[DecisionRequest]) -> dict[int, int]:
    """For each place the first one with the same comment and the same text."""
    places: dict[tuple[str, str], int] = {}
    return {
        place: place
        if one.comment.id is None or not one.record
        else places.setdefault((one.comment.id, one.comment.text), place)
        for place, one in enumerate(asked)
    }


def _answer(decision: Decision, comment: Comment, kept: Answer | None) -> Answer:
    """What is answered: the decision that was made, or the one that was kept before it."""
    if kept is not None and kept["id"] != decision.id:
        return kept
    revision = kept["revision"] if kept and kept["recorded"] else None
    return decisions.answer(decision, comment.id, revision=revision)
