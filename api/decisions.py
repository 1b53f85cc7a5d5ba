"""Decide about comments and record the decisions. All routes that decide use this module.

A comment with the same id and the same text gets only one decision. If there is a recorded decision
already, it is returned. It may be in the database or in the spool (the folder where decisions wait
while the database is down), so both are searched first. If two requests send the same comment at
the same moment, both get the decision that was recorded first.

If the database is down, comments are still decided, and their decisions wait in the spool. If the
disk is full too, the answer says that the decision is not recorded, and `/readyz` reports the
problem.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.busy import BusyCounter, Turns
from api.record import decisions, verdicts, webhooks
from api.record.circuit import Circuit
from api.record.database import Sessions, writing
from api.record.decisions import Answer
from api.record.history import history
from api.record.spool import Spool
from api.record.storable import REFUSALS
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from moderation import Comment, Decision, Moderator, Policy

log = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]
OnRecorded = Callable[[Decision, Comment, Moderator], None]
LOST_SHOWN_S = 60.0
PORTION, PORTION_CHARACTERS = 16, 16_000  # at most, of a batch at a time

Row = Mapping[str, Any]
T = TypeVar("T")


def utc_now() -> dt.datetime:
    """Return the present time in UTC."""
    return dt.datetime.now(dt.UTC)


class DecisionRequest(NamedTuple):
    """A comment to decide about. `record` and `store_text` say what to store in the database.

    Without `record`, nothing is stored. Without `store_text`, the decision is stored but not the
    comment's text.
    """

    comment: Comment
    record: bool = True
    store_text: bool = True


@dataclass
class Decider:
    """Decides about comments and records the decisions.

    `on_recorded` is called with each new decision that was recorded. `on_lost` is called for each
    decision that neither the database nor the disk accepted.
    """

    moderator: Moderator
    sessions: Sessions
    spool: Spool
    clock: Clock = utc_now
    hooks: Sequence[Hook] = ()
    circuit: Circuit = field(default_factory=Circuit)
    busy: BusyCounter = field(default_factory=BusyCounter)
    turns: Turns = field(default_factory=Turns)
    on_recorded: OnRecorded | None = None
    on_lost: Callable[[], None] | None = None
    lost: int = 0
    _lost_at: float | None = None
    _drained: int = field(init=False)  # `spool.drained()` when the database was last searched

    def __post_init__(self) -> None:
        self._drained = self.spool.drained()

    def decide(
        self,
        requests: Sequence[DecisionRequest],
        *,
        community: str = "",
        route: str = "v1",
        moderator: Moderator | None = None,
        checkpoint: Callable[[], None] | None = None,
    ) -> list[Answer]:
        """Return the decision about each comment, as JSON values.

        The value `recorded` says whether the database holds the decision. `moderator` overrides the
        default moderator, for callers with a deadline. Both must use the same policy.

        Many comments are decided and recorded in portions. `checkpoint` is called before each
        further portion; it may raise an exception to stop the work. Raises `TooManyBatchesError`.
        """
        moderator = moderator or self.moderator  # read once: it may be replaced at any time
        deciding = partial(self._decide, community=community, route=route, moderator=moderator)
        if len(requests) == 1:
            with self.turns.singles:
                return list(deciding(requests).values())
        firsts = _firsts(requests)
        answers: dict[int, Answer] = {}
        with self.turns.batch():
            before = self._latest(requests)
            for portion in _portions(requests, [at for at in firsts if firsts[at] == at]):
                if answers and checkpoint:
                    checkpoint()
                with self.turns.portion():
                    decided = deciding([requests[at] for at in portion], before=before)
                answers |= {at: decided[place] for place, at in enumerate(portion)}
        return [answers[first] for first in firsts.values()]

    def _decide(
        self,
        requests: Sequence[DecisionRequest],
        *,
        community: str,
        route: str,
        moderator: Moderator,
        before: int | None = None,
    ) -> dict[int, Answer]:
        """Decide about comments that are all different. Return the decisions by index.

        Authors' comments from the sequence number `before` on are not part of their history: they
        belong to the same batch, and the decisions must not depend on how it was divided.
        """
        drained = self.spool.drained()
        known, contexts = self._known(requests, community, drained, before)
        new = [index for index in range(len(requests)) if index not in known]
        comments = [contexts.get(index, requests[index].comment) for index in new]
        with self.busy:
            new_decisions = list(moderator.moderate_many(comments))
            recorded = self._record(
                [
                    self._values(decision, requests[index], moderator.policy, community, route)
                    for index, decision in zip(new, new_decisions, strict=True)
                    if requests[index].record
                ],
                drained,
            )
        answers = dict(known)
        for index, decision, comment in zip(new, new_decisions, comments, strict=True):
            answer = _answer(decision, comment, recorded.get(decision.id))
            answers[index] = answer
            if self.on_recorded and answer["recorded"] and answer["id"] == decision.id:
                self.on_recorded(decision, comment, moderator)
        return answers

    @contextmanager
    def writing(self, event: str, decision_id: str) -> Iterator[Session]:
        """Yield a database session in which to add a verdict or an appeal to a decision.

        When the block ends, the webhooks get a message of the type `event`, with the decision and
        its history.
        """
        with writing(self.sessions) as session:
            recorded_id = decisions.resolve_id(session, decision_id)
            query = select(DecisionRow.sequence).where(DecisionRow.id == recorded_id)
            session.execute(query.with_for_update())  # a second correction waits for this one
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
        """Return why decisions may be lost at present, in words; None if there is no danger."""
        if self.lost_lately:
            return (
                "Neither the database nor the disk accepts decisions. Comments are still decided."
            )
        try:
            self.spool.probe()
        except OSError as error:
            return f"The disk for waiting decisions is not writable: {error.strerror}."
        return None

    def is_reachable(self) -> bool:
        """Return whether the database answers. If the last query failed, query it again.

        This may block, so only the background loop calls it. `circuit.may_try` limits how often
        requests try a database that is down, but this function does not ask it. Otherwise, under
        load, requests would use up all the attempts. The background loop could then never create a
        missing schema.
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
        """Move decisions from the spool to the database, if it answers. Return how many moved."""
        if not self.is_reachable() or not len(self.spool):
            return 0
        try:
            return self.spool.drain(self.sessions, self.clock(), self.hooks)
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return 0

    def _values(
        self,
        decision: Decision,
        request: DecisionRequest,
        policy: Policy,
        community: str,
        route: str,
    ) -> dict[str, Any]:
        return decisions.fields(
            decision,
            request.comment,
            policy,
            community=community,
            route=route,
            store=request.store_text,
            now=self.clock(),
        )

    def _known(
        self,
        requests: Sequence[DecisionRequest],
        community: str,
        drained: int,
        before: int | None,
    ) -> tuple[dict[int, Answer], dict[int, Comment]]:
        """Find the decisions that were recorded earlier about the comments in `requests`.

        Returns two dicts whose keys are indices into `requests`. The first has the decisions that
        were found. The second has the comments without a decision, with the history of their
        authors.
        """
        comments = {
            index: request.comment for index, request in enumerate(requests) if request.record
        }
        known: dict[int, Answer] = {}
        contexts: dict[int, Comment] = {}
        if not any(comment.id or comment.author for comment in comments.values()):
            return known, contexts
        # If another worker has drained the spool, the database is back.
        if self.circuit.may_try() or drained != self._drained:
            try:
                known, contexts = self._look_up(comments, community, before)
            except (SQLAlchemyError, *REFUSALS) as error:
                self.circuit.failed(error)
            else:
                self.circuit.answered()
            self._drained = drained
        for index, comment in comments.items():
            if index not in known and (waiting := self.spool.find(community, comment)):
                known[index] = decisions.spooled_to_dict(waiting)
        return known, contexts

    def _latest(self, requests: Sequence[DecisionRequest]) -> int | None:
        """Return the sequence number that follows the latest decision, if an author is named.

        Returns None if the database does not answer.
        """
        if self.circuit.open or not any(request.comment.author for request in requests):
            return None
        try:
            with self.sessions() as session:
                return (session.scalar(select(func.max(DecisionRow.sequence))) or 0) + 1
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return None

    def _look_up(
        self, comments: Mapping[int, Comment], community: str, before: int | None
    ) -> tuple[dict[int, Answer], dict[int, Comment]]:
        """Search the database for decisions about these comments, and for their authors' history.

        Returns two dicts, as `_known` does.
        """
        contexts: dict[int, Comment] = {}
        with self.sessions() as session:
            indices = list(comments)
            rows = decisions.find_many(session, community, list(comments.values()))
            known = {indices[at]: decisions.to_dict(row) for at, row in rows.items()}
            for index, comment in comments.items():
                if index not in known and comment.author is not None:
                    context = history(session, community, comment, self.clock(), before)
                    contexts[index] = replace(comment, **context._asdict())
        return known, contexts

    def _record(self, rows: list[dict[str, Any]], drained: int) -> dict[str, Answer]:
        """Write new decisions to the database, or to the spool if the database is down.

        `rows` has the fields of each decision. Returns the recorded decision for the id of each
        row. If another request recorded a decision about the same comment first, that decision is
        returned instead. An id is missing if its decision was lost, or if the database refuses its
        values; the spool then keeps it in a file that ends in `.refused`.
        """
        if not rows:
            return {}
        if self.circuit.may_try():
            recorded = self._write(rows)
            if recorded is not None:
                for row in rows:
                    if row["id"] not in recorded:
                        self._to_disk(self.spool.set_aside, row)
                return recorded
        recorded = {}
        for row in rows:
            if waiting := self._to_disk(self.spool.put, row):
                recorded[row["id"]] = decisions.spooled_to_dict(waiting)
        if self.spool.drained() != drained:
            # Another worker has drained the spool since this request searched it. The database
            # may now hold decisions about the same comments.
            recorded |= self._write(rows) or {}
        return recorded

    def _to_disk(self, write: Callable[[Row], T], row: Row) -> T | None:
        """Call `write` with a decision. If the disk is full too, count the decision as lost."""
        try:
            return write(row)
        except OSError as error:
            log.error("the spool refused a decision: %s", error.strerror)
            self._lose()
            return None

    def _write(self, rows: list[dict[str, Any]]) -> dict[str, Answer] | None:
        """Write new decisions to the database. Return the recorded decisions, as `_record` does.

        Returns None if the database is down.
        """
        try:
            recorded = decisions.keep(self.sessions, rows, self.clock(), self.hooks)
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return None
        self.circuit.answered()
        return recorded

    def _lose(self) -> None:
        self.lost += 1
        self._lost_at = time.monotonic()
        if self.on_lost:
            self.on_lost()


def _portions(requests: Sequence[DecisionRequest], places: Sequence[int]) -> Iterator[list[int]]:
    """Yield portions of `places`, which are indices into `requests`, in their order.

    A portion has few comments and few characters, so that it takes a fraction of a second. Smaller
    portions would be slower: each one is a transaction.
    """
    portion: list[int] = []
    characters = 0
    for place in places:
        length = len(requests[place].comment.text)
        full = len(portion) == PORTION or characters + length > PORTION_CHARACTERS
        if portion and full:
            yield portion
            portion, characters = [], 0
        portion.append(place)
        characters += length
    if portion:
        yield portion


def _firsts(requests: Sequence[DecisionRequest]) -> dict[int, int]:
    """Map the index of each request to the index of the first request with the same id and text.

    A request without an id, or one that is not recorded, maps to itself.
    """
    firsts: dict[tuple[str, str], int] = {}
    return {
        index: index
        if request.comment.id is None or not request.record
        else firsts.setdefault((request.comment.id, request.comment.text), index)
        for index, request in enumerate(requests)
    }


def _answer(decision: Decision, comment: Comment, recorded: Answer | None) -> Answer:
    """Return the decision that was recorded earlier about the comment, or else `decision`."""
    if recorded is not None and recorded["id"] != decision.id:
        return recorded
    revision = recorded["revision"] if recorded and recorded["recorded"] else None
    return decisions.answer(decision, comment.id, revision=revision)
