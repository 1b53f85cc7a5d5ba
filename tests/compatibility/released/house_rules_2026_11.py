"""A client for the House rules API. One file for Python 3.11 or newer, without dependencies.

    rules = HouseRules("https://moderation.example", key="hr-…")
    decision = rules.moderate({"text": "u r right", "id": "c-17", "author": "ravi"})
    if decision["action"] == "reject":
        show(decision["reasons"][0]["message"])

The client retries a request a few times if the service cannot be reached, is not ready, or the
key's rate limit is used up. If there is still no answer, it raises `UnansweredError`: let a person
read the comment, and do not publish it. A retried comment keeps its decision, because the service
recognises its `id`. The client gives comments without an id one of its own (`client:…`).
"""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any, Literal, NotRequired, TypedDict, cast
from urllib.parse import quote, urlencode

Action = Literal["approve", "review", "reject"]
TOO_LARGE = 413
AGAIN = frozenset({429, 500, 502, 503, 504})  # statuses to retry
MOST_WAIT_S = 30.0
# For `moderate_many`:
MOST_COMMENTS = 1000  # in one request: the service's limit
MOST_BYTES = 1_000_000  # of one request; the service's default limit is 4 MiB
FIRST_COMMENTS = 10  # in the first request, which measures the time per comment
GROWTH = 2  # the most that a request may grow compared to the one before
SHARE = 0.2  # the share of the timeout that a request should take


# <types> Written by `make docs` from the OpenAPI document; change it there.
class Comment(TypedDict):
    """A comment to decide about, and its context."""

    text: str
    id: NotRequired[str | None]
    author: NotRequired[str | None]
    article: NotRequired[str | None]
    parent: NotRequired[str | None]
    format: NotRequired[Literal["plain", "html"]]
    dry_run: NotRequired[bool]
    do_not_store: NotRequired[bool]


class Span(TypedDict):
    """A part of the text as received, in Unicode code points. `end` is exclusive."""

    start: int
    end: int
    text: str | None


class Reason(TypedDict):
    """What a rule found in a comment, the rule's guideline, and the action that follows."""

    rule: str
    guideline: str
    score: float
    message: str
    spans: list[Span]
    suggestion: str | None
    action: Action


class Decision(TypedDict):
    """The action for a comment, and the reasons for it."""

    id: str
    action: Action
    reasons: list[Reason]
    observed: list[Reason]
    scores: dict[str, float]
    language: dict[str, Any]
    policy: str
    models: dict[str, str]
    took_ms: float
    recorded: bool
    comment_id: NotRequired[str | None]
    revision: NotRequired[int | None]


class Mistake(TypedDict):
    """A field of the request that is wrong, and why."""

    pointer: str
    detail: str


class Problem(TypedDict):
    """An error response (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[Mistake]]


class Batch(TypedDict):
    """A decision or a problem for each comment, in the order of the request."""

    decisions: list[Decision | Problem]


class Change(TypedDict):
    """A correction. `start` and `end` of the replaced part count Unicode code points."""

    start: int
    end: int
    text: str
    instead: str


class Hint(TypedDict):
    """A finding for the author to mend before posting. It may not be held."""

    rule: str
    message: str
    spans: list[Span]


class Suggest(TypedDict):
    """The comment with all safe corrections, for a 'did you mean' button."""

    text: str
    changes: list[Change]
    hints: list[Hint]


class Guideline(TypedDict):
    """A house rule: its guideline in words, and its thresholds."""

    rule: str
    guideline: str
    review: float | None
    reject: float | None
    shadow: bool


class Guidelines(TypedDict):
    """The newspaper and its house rules."""

    name: str
    guidelines_url: str
    max_bytes: int
    policy: str
    rules: list[Guideline]


class History(TypedDict):
    """All verdicts on a decision and all steps of appeals against it, oldest first."""

    verdicts: list[dict[str, Any]]
    appeals: list[dict[str, Any]]


class Recorded(TypedDict):
    """A recorded decision, with its history and its place in the moderators' queue."""

    id: str
    action: Action
    reasons: list[Reason]
    observed: list[Reason]
    scores: dict[str, float]
    language: dict[str, Any]
    policy: str
    models: dict[str, str]
    took_ms: float
    recorded: bool
    comment_id: str | None
    revision: int
    text: str | None
    author: str | None
    article: str | None
    parent: str | None
    route: str
    decided_at: str
    standing: Action
    thresholds: dict[str, Any]
    doubt: float
    claimed_by: str | None
    claimed_until: str | None
    history: History


class Queue(TypedDict):
    """A page of the moderators' queue."""

    decisions: list[Recorded]
    next: str | None


# </types>


class RefusedError(Exception):
    """The service refused the request. `problem` says what is wrong, and in which field."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


class UnansweredError(Exception):
    """The service did not answer. Let a person read the comment."""


class _AgainError(Exception):
    """A try failed and may be repeated. `wait` is the Retry-After header."""

    def __init__(self, reason: str, wait: str | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class HouseRules:
    """A client for the service at `url`. Several threads may share it.

    `timeout` is in seconds, for one try. `tries` is how often a request is sent at most.
    """

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 5.0, tries: int = 4
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("url: must begin with http:// or https://")
        if tries < 1:
            raise ValueError("tries: must be at least 1")
        self.url, self.timeout, self.tries = url.rstrip("/"), timeout, tries
        self._headers = {"Accept": "application/json", "User-Agent": "house-rules-python/1"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def moderate(self, comment: Comment | str) -> Decision:
        """Return the decision about a comment, with every reason for it."""
        return cast(Decision, self._ask("POST", "/v1/moderate", _identified(comment)))

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
        end = None if deadline is None else time.monotonic() + deadline
        return self._many(_Waiting(comments), end)

    def _many(self, waiting: _Waiting, end: float | None) -> Iterator[Decision | Problem]:
        failures = 0
        while batch := waiting.batch():
            remaining = self.timeout if end is None else min(self.timeout, end - time.monotonic())
            if remaining <= 0:
                raise UnansweredError("the deadline is over")
            body = b'{"comments": [' + b", ".join(batch) + b"]}"
            start = time.monotonic()
            try:
                answer = cast(Batch, self._try("POST", "/v1/moderate/batch", body, remaining))
            except _AgainError as error:
                failures += 1
                # Wait at least as long as the try took: the service may still decide those
                # comments, and recognises them only once it has recorded its decisions.
                pause = max(_pause(failures - 1, error.wait), time.monotonic() - start)
                if failures >= self.tries or (end and time.monotonic() + pause >= end):
                    raise UnansweredError(str(error)) from None
                waiting.shrink(len(batch))
                time.sleep(pause)
            except RefusedError as error:
                if error.problem["status"] != TOO_LARGE or len(batch) == 1:
                    raise
                waiting.most_bytes = len(body) // 2
            else:
                failures = 0
                waiting.answered(len(batch), time.monotonic() - start, SHARE * self.timeout)
                yield from answer["decisions"]

    def suggest(self, text: str) -> Suggest:
        """Return the text with all safe corrections made."""
        return cast(Suggest, self._ask("POST", "/v1/suggest", {"text": text}))

    def guidelines(self) -> Guidelines:
        """Return the house rules in words."""
        return cast(Guidelines, self._ask("GET", "/v1/guidelines"))

    def decision(self, decision_id: str) -> Recorded:
        """Return a decision with its verdicts and appeals."""
        return cast(Recorded, self._ask("GET", f"/v1/decisions/{quote(decision_id, '')}"))

    def give_verdict(
        self, decision_id: str, action: Action, who: str, reason: str | None = None
    ) -> Recorded:
        """Record a moderator's verdict. Return the decision with its history."""
        path = f"/v1/decisions/{quote(decision_id, '')}/verdict"
        body = {"action": action, "who": who, "reason": reason}
        return cast(Recorded, self._ask("POST", path, body))

    def queue(self, **filters: str | int) -> Iterator[Recorded]:
        """Yield the decisions that wait for a person. `filters` are the API's (`who`, `rule` …)."""
        cursor: str | None = None
        while True:
            query = urlencode({**filters, "cursor": cursor} if cursor else filters)
            page = cast(Queue, self._ask("GET", f"/v1/queue?{query}"))
            yield from page["decisions"]
            cursor = page["next"]
            if not cursor:
                return

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer as JSON. Raises `RefusedError` or `UnansweredError`."""
        data = None if body is None else json.dumps(body).encode()
        reason = ""
        for number in range(self.tries):
            try:
                return self._try(method, path, data, self.timeout)
            except _AgainError as error:
                reason = str(error)
                if number < self.tries - 1:
                    time.sleep(_pause(number, error.wait))
        raise UnansweredError(reason)

    def _try(self, method: str, path: str, data: bytes | None, timeout: float) -> Any:
        """Send one request. Return its answer as JSON. Raises `RefusedError` or `_AgainError`."""
        headers = self._headers
        if data is not None:
            headers = {**headers, "Content-Type": "application/json"}
        # __init__ has checked the scheme.
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310
        end = time.monotonic() + timeout
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return json.loads(_body(answer, end))
        except urllib.error.HTTPError as error:
            with error:
                problem = _problem(error)
            if error.code not in AGAIN:
                raise RefusedError(problem) from None
            raise _AgainError(problem["detail"], error.headers.get("Retry-After")) from None
        except (OSError, HTTPException, ValueError) as error:  # not reached, or broken off
            raise _AgainError(f"{type(error).__name__}: {error}") from None


class _Waiting:
    """Comments that wait for their answers, as JSON, and the size of the next request."""

    def __init__(self, comments: Iterable[Comment | str]) -> None:
        self.most_bytes = MOST_BYTES
        self._comments = iter(comments)
        self._buffer: deque[bytes] = deque()
        self._size = FIRST_COMMENTS

    def batch(self) -> list[bytes]:
        """Return the comments of the next request, or of the last one until it is answered.

        The list is empty at the end.
        """
        batch: list[bytes] = []
        total = 0
        while len(batch) < self._size and (comment := self._at(len(batch))):
            total += len(comment) + 2  # with ", " between
            if batch and total > self.most_bytes:
                break
            batch.append(comment)
        return batch

    def _at(self, index: int) -> bytes | None:
        """Return the comment at an index, and read it from the caller if necessary."""
        if index == len(self._buffer):
            for comment in self._comments:
                self._buffer.append(json.dumps(_identified(comment)).encode())
                break
        return self._buffer[index] if index < len(self._buffer) else None

    def answered(self, count: int, took: float, aim: float) -> None:
        """Drop `count` answered comments. Size the next request to take `aim` seconds."""
        for _ in range(count):
            self._buffer.popleft()
        fitting = int(count * aim / max(took, 1e-6))
        self._size = max(1, min(fitting, GROWTH * self._size, MOST_COMMENTS))

    def shrink(self, count: int) -> None:
        """Halve the size after a failure with `count` comments."""
        self._size = max(1, count // 2)


def _identified(comment: Comment | str) -> Comment:
    """Return a comment with an id, so that retries get the same decision.

    A comment with `dry_run` needs no id.
    """
    fields: Comment = {"text": comment} if isinstance(comment, str) else comment
    if fields.get("id") is not None or fields.get("dry_run"):
        return fields
    return {**fields, "id": f"client:{uuid.uuid4()}"}


def _body(answer: HTTPResponse, end: float) -> bytes:
    """Return the whole body. Raises `TimeoutError` if it is not complete at `end`."""
    parts: list[bytes] = []
    while part := answer.read1(65_536):
        parts.append(part)
        if time.monotonic() > end:
            raise TimeoutError("the answer did not arrive in time")
    return b"".join(parts)


def _problem(error: urllib.error.HTTPError) -> Problem:
    """Return the service's problem, or make one from a proxy's error, which has another format."""
    try:
        problem = json.load(error)
        if isinstance(problem.get("detail"), str):
            return cast(Problem, problem)
    except (OSError, HTTPException, ValueError, AttributeError):
        pass
    reason = str(error.reason)
    return {"type": "about:blank", "title": reason, "status": error.code, "detail": reason}


def _pause(number: int, retry_after: str | None) -> float:
    """Return the seconds to wait: `retry_after`, or 0.2, 0.4, 0.8 … with jitter."""
    if retry_after and retry_after.isdecimal():
        return min(float(retry_after), MOST_WAIT_S)
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return min(0.2 * float(2**number) * jitter, MOST_WAIT_S)
