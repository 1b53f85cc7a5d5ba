"""The client for ordinary code. `aio` has the same methods for `asyncio`."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from house_rules import calls
from house_rules.batches import exchange_many, identified
from house_rules.connection import failed, options, overdue
from house_rules.exchange import Answers, Call, Patience, Pause, Reply, Send, Step, exchange
from house_rules.hints import Hints, hints
from house_rules.types import (
    Action,
    Appeal,
    Comment,
    Decision,
    Erased,
    Guidelines,
    Health,
    Held,
    Models,
    Notice,
    Problem,
    Recorded,
    Suggest,
)

T = TypeVar("T")


class HouseRules:
    """A client for the service at `url`. Several threads may share it.

    `timeout` is in seconds, for one try; `deadline` is in seconds for a call with all its tries.
    `tries` is how often a request is sent at most. `close`, or the end of a `with` statement,
    closes the connections.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 5.0,
        deadline: float = 15.0,
        tries: int = 4,
    ) -> None:
        self.patience = Patience(timeout, deadline, tries)
        self._http = httpx.Client(**options(url, key))
        self._end = weakref.finalize(self, self._http.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._end()

    def moderate_many(
        self, comments: Iterable[Comment | str], *, deadline: float | None = None
    ) -> Iterator[Decision | Problem]:
        """Yield for every comment its decision, or the problem with it, in order.

        Reads comments only as needed, and sends them in requests that take about a fifth of
        `timeout` each. A failed request is retried in smaller requests, with the same ids, after a
        pause in which the service can finish its work.

        `deadline` is in seconds from this call. After it, or after `tries` failures in a row, the
        iterator raises `UnansweredError`. The answers until then are valid; later comments have
        no answer. Without a `deadline` only failures end it. Raises `RefusedError` if the service
        refuses a whole request.
        """
        return self._many(exchange_many(comments, self.patience, deadline))

    def moderate(self, comment: Comment | str, *, deadline: float | None = None) -> Decision:
        """Return the decision about a comment, with every reason for it."""
        return self._ask(calls.moderate(identified(comment)), deadline)

    def suggest(self, text: str) -> Suggest:
        """Return the text with all safe corrections made."""
        return self._ask(calls.suggest(text))

    def hints(self, text: str, *, deadline: float | None = None) -> Hints:
        """Return what to show an author who is still writing. Records nothing.

        These are the reasons against the text and the safe corrections, for `<house-rules-hints>`.
        """
        decision = self.moderate({"text": text, "dry_run": True}, deadline=deadline)
        return hints(decision, self._ask(calls.suggest(text), deadline))

    def guidelines(self) -> Guidelines:
        """Return the house rules in words."""
        return self._ask(calls.guidelines())

    def models(self) -> Models:
        """Return the models in use."""
        return self._ask(calls.models())

    def health(self) -> Health:
        """Return the state of the service. Raises `UnansweredError` if it is not ready."""
        return self._ask(calls.health())

    def decision(self, decision_id: str) -> Recorded:
        """Return a decision with its verdicts and appeals."""
        return self._ask(calls.decision(decision_id))

    def notice(self, decision_id: str) -> Notice:
        """Return the notice that explains a decision to the comment's author."""
        return self._ask(calls.notice(decision_id))

    def give_verdict(
        self, decision_id: str, action: Action, who: str, reason: str | None = None
    ) -> Recorded:
        """Record a moderator's verdict. Return the decision with its history."""
        return self._ask(calls.verdict(decision_id, action, who, reason))

    def appeal(self, decision_id: str, reason: str, who: str | None = None) -> Appeal:
        """Record an author's appeal. `who` is your own reference to the author."""
        return self._ask(calls.appeal(decision_id, reason, who))

    def acknowledge_appeal(self, decision_id: str, who: str) -> Recorded:
        """Record that a moderator has confirmed to the author that the appeal arrived."""
        return self._ask(calls.acknowledge(decision_id, who))

    def settle_appeal(self, decision_id: str, action: Action, who: str, reason: str) -> Recorded:
        """Record a moderator's decision about an appeal."""
        return self._ask(calls.settle(decision_id, action, who, reason))

    def claim(self, decision_id: str, who: str, minutes: int | None = None) -> Recorded:
        """Reserve a comment for a moderator, for ten minutes by default."""
        return self._ask(calls.claim(decision_id, who, minutes))

    def release(self, decision_id: str, who: str) -> Recorded:
        """Give a reserved comment back to the queue."""
        return self._ask(calls.release(decision_id, who))

    def erase(
        self,
        *,
        comment_id: str | None = None,
        author: str | None = None,
        community: str | None = None,
    ) -> Erased:
        """Erase the personal data of a comment or an author."""
        return self._ask(calls.erase(comment_id, author, community))

    def hold(
        self,
        *,
        comment_id: str | None = None,
        author: str | None = None,
        community: str | None = None,
        until: str | None = None,
    ) -> Held:
        """Keep a comment or an author's comments, even if somebody asks to erase them.

        `until` is a time with its zone. Without it, a hold ends now.
        """
        return self._ask(calls.hold(comment_id, author, community, until))

    def queue(self, **filters: str | int) -> Iterator[Recorded]:
        """Yield the decisions that wait for a person. `filters` are the API's (`who`, `rule` …)."""
        cursor: str | None = None
        while True:
            page = self._ask(calls.queue(**{**filters, "cursor": cursor}))
            yield from page["decisions"]
            cursor = page["next"]
            if not cursor:
                return

    def changes(self, since: str, **filters: str | int) -> Iterator[Recorded]:
        """Yield the decisions that changed at `since` or later, in order. The time has a zone."""
        cursor: str | None = None
        while True:
            start = {"cursor": cursor} if cursor else {"changed_since": since}
            page = self._ask(calls.changes(**filters, **start))
            yield from page["decisions"]
            cursor = page["next"]
            if not cursor or not page["decisions"]:
                return

    def _ask(self, call: Call[T], deadline: float | None = None) -> T:
        """Return the answer. Raises `RefusedError` or `UnansweredError`."""
        steps = exchange(call, self.patience.until(deadline))
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                answer: T = end.value
                return answer
            reply = self._do(step)

    def _many(self, steps: Any) -> Iterator[Any]:
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(step, Answers):
                yield from step.answers
            else:
                reply = self._do(step)

    def _do(self, step: Step) -> Reply | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        assert isinstance(step, Send)  # noqa: S101 - `_many` handles answers
        return self._send(step)

    def _send(self, send: Send) -> Reply:
        end = time.monotonic() + send.timeout
        call = send.call
        try:
            with self._http.stream(
                call.method,
                call.path,
                content=call.content(),
                params=call.params or None,
                timeout=send.timeout,
            ) as answer:
                parts = []
                for part in answer.iter_bytes():
                    parts.append(part)
                    overdue(end)
                return Reply(answer.status_code, answer.headers, b"".join(parts))
        except httpx.HTTPError as error:
            return failed(error)
