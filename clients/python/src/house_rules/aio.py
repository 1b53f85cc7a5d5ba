"""The client for `asyncio`, with the methods of `HouseRules`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from house_rules import calls
from house_rules.batches import exchange_many, identified
from house_rules.connection import failed, options
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


class AsyncHouseRules:
    """A client for the service at `url`, for one event loop.

    The arguments are those of `HouseRules`. Use the client in an `async with` statement, or call
    `close` at the end.
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
        self._http = httpx.AsyncClient(**options(url, key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def moderate_many(
        self, comments: Iterable[Comment | str], *, deadline: float | None = None
    ) -> AsyncIterator[Decision | Problem]:
        """Yield for every comment its decision, or the problem with it, in order.

        `HouseRules.moderate_many` says how.
        """
        return self._many(exchange_many(comments, self.patience, deadline))

    async def moderate(self, comment: Comment | str, *, deadline: float | None = None) -> Decision:
        """Return the decision about a comment, with every reason for it."""
        return await self._ask(calls.moderate(identified(comment)), deadline)

    async def suggest(self, text: str) -> Suggest:
        """Return the text with all safe corrections made."""
        return await self._ask(calls.suggest(text))

    async def hints(self, text: str, *, deadline: float | None = None) -> Hints:
        """Return what to show an author who is still writing. Records nothing.

        These are the reasons against the text and the safe corrections, for `<house-rules-hints>`.
        """
        decision = await self.moderate({"text": text, "dry_run": True}, deadline=deadline)
        return hints(decision, await self._ask(calls.suggest(text), deadline))

    async def guidelines(self) -> Guidelines:
        """Return the house rules in words."""
        return await self._ask(calls.guidelines())

    async def models(self) -> Models:
        """Return the models in use."""
        return await self._ask(calls.models())

    async def health(self) -> Health:
        """Return the state of the service. Raises `UnansweredError` if it is not ready."""
        return await self._ask(calls.health())

    async def decision(self, decision_id: str) -> Recorded:
        """Return a decision with its verdicts and appeals."""
        return await self._ask(calls.decision(decision_id))

    async def notice(self, decision_id: str) -> Notice:
        """Return the notice that explains a decision to the comment's author."""
        return await self._ask(calls.notice(decision_id))

    async def give_verdict(
        self, decision_id: str, action: Action, who: str, reason: str | None = None
    ) -> Recorded:
        """Record a moderator's verdict. Return the decision with its history."""
        return await self._ask(calls.verdict(decision_id, action, who, reason))

    async def appeal(self, decision_id: str, reason: str, who: str | None = None) -> Appeal:
        """Record an author's appeal. `who` is your own reference to the author."""
        return await self._ask(calls.appeal(decision_id, reason, who))

    async def acknowledge_appeal(self, decision_id: str, who: str) -> Recorded:
        """Record that a moderator has confirmed to the author that the appeal arrived."""
        return await self._ask(calls.acknowledge(decision_id, who))

    async def settle_appeal(
        self, decision_id: str, action: Action, who: str, reason: str
    ) -> Recorded:
        """Record a moderator's decision about an appeal."""
        return await self._ask(calls.settle(decision_id, action, who, reason))

    async def claim(self, decision_id: str, who: str, minutes: int | None = None) -> Recorded:
        """Reserve a comment for a moderator, for ten minutes by default."""
        return await self._ask(calls.claim(decision_id, who, minutes))

    async def release(self, decision_id: str, who: str) -> Recorded:
        """Give a reserved comment back to the queue."""
        return await self._ask(calls.release(decision_id, who))

    async def erase(
        self,
        *,
        comment_id: str | None = None,
        author: str | None = None,
        community: str | None = None,
    ) -> Erased:
        """Erase the personal data of a comment or an author."""
        return await self._ask(calls.erase(comment_id, author, community))

    async def hold(
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
        return await self._ask(calls.hold(comment_id, author, community, until))

    async def queue(self, **filters: str | int) -> AsyncIterator[Recorded]:
        """Yield the decisions that wait for a person. `filters` are the API's (`who`, `rule` …)."""
        cursor: str | None = None
        while True:
            page = await self._ask(calls.queue(**{**filters, "cursor": cursor}))
            for decision in page["decisions"]:
                yield decision
            cursor = page["next"]
            if not cursor:
                return

    async def changes(self, since: str, **filters: str | int) -> AsyncIterator[Recorded]:
        """Yield the decisions that changed at `since` or later, in order. The time has a zone."""
        cursor: str | None = None
        while True:
            start = {"cursor": cursor} if cursor else {"changed_since": since}
            page = await self._ask(calls.changes(**filters, **start))
            for decision in page["decisions"]:
                yield decision
            cursor = page["next"]
            if not cursor or not page["decisions"]:
                return

    async def _ask(self, call: Call[T], deadline: float | None = None) -> T:
        """Return the answer. Raises `RefusedError` or `UnansweredError`."""
        steps = exchange(call, self.patience.until(deadline))
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                answer: T = end.value
                return answer
            reply = await self._do(step)

    async def _many(self, steps: Any) -> AsyncIterator[Any]:
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(step, Answers):
                for answer in step.answers:
                    yield answer
            else:
                reply = await self._do(step)

    async def _do(self, step: Step) -> Reply | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        assert isinstance(step, Send)  # noqa: S101 - `_many` handles answers
        return await self._send(step)

    async def _send(self, send: Send) -> Reply:
        call = send.call
        try:
            async with asyncio.timeout(send.timeout):
                answer = await self._http.request(
                    call.method,
                    call.path,
                    content=call.content(),
                    params=call.params or None,
                    timeout=send.timeout,
                )
        except TimeoutError:
            return Reply(0, {}, b"", "the answer did not arrive in time")
        except httpx.HTTPError as error:
            return failed(error)
        return Reply(answer.status_code, answer.headers, answer.content)
