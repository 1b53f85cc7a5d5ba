"""Ask a House rules service about comments. One file, Python 3.11 or newer, nothing else needed.

    rules = HouseRules("https://moderation.example", key="hr-…")
    decision = rules.moderate({"text": "u r right", "id": "c-17", "author": "ravi"})
    if decision["action"] == "reject":
        tell(decision["reasons"][0]["message"])

A request that the service could not take now (it is not reached, not ready, or the key's rate is
used up) is sent again, a few times. What then still has no answer raises `UnansweredError`: let a
person read the comment, never publish it for that. A comment that is sent again gets the decision
it has already: by its `id`, or by one that this client makes (`client:…`) where it has none.
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
AGAIN = frozenset({429, 500, 502, 503, 504})  # statuses that may pass
MOST_WAIT_S = 30.0
# Of `moderate_many`:
MOST_COMMENTS = 1000  # in one request, as many as the service takes
MOST_BYTES = 1_000_000  # of one request; the service takes 4 MiB unless it is set otherwise
FIRST_COMMENTS = 10  # in the first request, which shows how long a comment takes
GROWTH = 2  # a request holds at most so many times the comments of the one before
SHARE = 0.2  # of the time-out, which a request should take


# <types> Written by `make docs` from the OpenAPI document; change it there.
class Comment(TypedDict):
    """A comment and its context."""

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
    """What a rule found, its guideline, and the action that follows."""

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
    """What is wrong with one field."""

    pointer: str
    detail: str


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[Mistake]]


class Batch(TypedDict):
    """A decision or a problem for each comment, in the order of the request."""

    decisions: list[Decision | Problem]


class Change(TypedDict):
    """A correction: its place in the text as received, in Unicode code points, and the new text."""

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
    """A rule in words, and its thresholds."""

    rule: str
    guideline: str
    review: float | None
    reject: float | None
    shadow: bool


class Guidelines(TypedDict):
    """The publication and its rules."""

    name: str
    guidelines_url: str
    max_bytes: int
    policy: str
    rules: list[Guideline]


class History(TypedDict):
    """All verdicts and all steps of appeals, oldest first."""

    verdicts: list[dict[str, Any]]
    appeals: list[dict[str, Any]]


class Recorded(TypedDict):
    """A decision as it is recorded, with its history."""

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
    """A page of the queue."""

    decisions: list[Recorded]
    next: str | None


# </types>


class RefusedError(Exception):
    """The service refused the request; `problem` says what is wrong, and in which field."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


class UnansweredError(Exception):
    """There is no answer: let a person read the comment."""


class _AgainError(Exception):
    """A try that failed and may be repeated; `wait` is when, in the service's own words."""

    def __init__(self, reason: str, wait: str | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class HouseRules:
    """A service's address and key. May be used by several threads.

    `timeout` is for one try, in seconds; `tries` is how often a request is sent at most.
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
        """The decision about a comment, with every reason for it."""
        return cast(Decision, self._ask("POST", "/v1/moderate", _identified(comment)))

    def moderate_many(
        self, comments: Iterable[Comment | str], *, deadline: float | None = None
    ) -> Iterator[Decision | Problem]:
        """For every comment its decision, or the problem with it, in their order.

        Takes comments only as it needs them, and sends them in requests that it cuts so that each
        takes about a fifth of `timeout`. What fails is sent again in smaller requests, with the
        same ids, after a pause in which the service can finish what it has begun.

        `deadline` is in seconds from this call on. When it is over, or after `tries` failures with
        no answer between them, the iterator raises `UnansweredError`. What it gave until then
        stays good; all later comments have no answer. Without a `deadline` only failures end it.
        Raises `RefusedError` where the service refuses the whole request.
        """
        end = None if deadline is None else time.monotonic() + deadline
        return self._many(_Waiting(comments), end)

    def _many(self, waiting: _Waiting, end: float | None) -> Iterator[Decision | Problem]:
        failures = 0
        while batch := waiting.batch():
            left = self.timeout if end is None else min(self.timeout, end - time.monotonic())
            if left <= 0:
                raise UnansweredError("the deadline is over")
            body = b'{"comments": [' + b", ".join(batch) + b"]}"
            began = time.monotonic()
            try:
                answer = cast(Batch, self._try("POST", "/v1/moderate/batch", body, left))
            except _AgainError as error:
                failures += 1
                # As long as it took at least: the service may be at those comments still, and
                # knows its decisions about them only when it has recorded them.
                pause = max(_pause(failures - 1, error.wait), time.monotonic() - began)
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
                waiting.answered(len(batch), time.monotonic() - began, SHARE * self.timeout)
                yield from answer["decisions"]

    def suggest(self, text: str) -> Suggest:
        """The text with all safe corrections made."""
        return cast(Suggest, self._ask("POST", "/v1/suggest", {"text": text}))

    def guidelines(self) -> Guidelines:
        """The house rules in words."""
        return cast(Guidelines, self._ask("GET", "/v1/guidelines"))

    def decision(self, decision_id: str) -> Recorded:
        """A decision with its verdicts and appeals."""
        return cast(Recorded, self._ask("GET", f"/v1/decisions/{quote(decision_id, '')}"))

    def give_verdict(
        self, decision_id: str, action: Action, who: str, reason: str | None = None
    ) -> Recorded:
        """Say what a moderator decided."""
        path = f"/v1/decisions/{quote(decision_id, '')}/verdict"
        body = {"action": action, "who": who, "reason": reason}
        return cast(Recorded, self._ask("POST", path, body))

    def queue(self, **asked: str | int) -> Iterator[Recorded]:
        """What waits for a person, page after page; `asked` as the API has it (`who`, `rule` …)."""
        cursor: str | None = None
        while True:
            query = urlencode({**asked, "cursor": cursor} if cursor else asked)
            page = cast(Queue, self._ask("GET", f"/v1/queue?{query}"))
            yield from page["decisions"]
            cursor = page["next"]
            if not cursor:
                return

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer as JSON. Raises `RefusedError` or `UnansweredError`."""
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
        """The answer to one request as JSON. Raises `RefusedError` or `_AgainError`."""
        headers = self._headers
        if data is not None:
            headers = {**headers, "Content-Type": "application/json"}
        # The scheme was looked at when the client was made.
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310
        end = time.monotonic() + timeout
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return json.loads(_whole(answer, end))
        except urllib.error.HTTPError as error:
            with error:
                problem = _problem(error)
            if error.code not in AGAIN:
                raise RefusedError(problem) from None
            raise _AgainError(problem["detail"], error.headers.get("Retry-After")) from None
        except (OSError, HTTPException, ValueError) as error:  # not reached, or broken off
            raise _AgainError(f"{type(error).__name__}: {error}") from None


class _Waiting:
    """Comments that wait for their answers, as JSON, and how many the next request takes."""

    def __init__(self, comments: Iterable[Comment | str]) -> None:
        self.most_bytes = MOST_BYTES
        self._comments = iter(comments)
        self._taken: deque[bytes] = deque()
        self._size = FIRST_COMMENTS

    def batch(self) -> list[bytes]:
        """What the next request holds; the same again until it is answered. Empty at the end."""
        batch: list[bytes] = []
        total = 0
        while len(batch) < self._size and (comment := self._at(len(batch))):
            total += len(comment) + 2  # with ", " between
            if batch and total > self.most_bytes:
                break
            batch.append(comment)
        return batch

    def _at(self, place: int) -> bytes | None:
        """The comment at a place, taken from the caller once it is needed."""
        if place == len(self._taken):
            for comment in self._comments:
                self._taken.append(json.dumps(_identified(comment)).encode())
                break
        return self._taken[place] if place < len(self._taken) else None

    def answered(self, count: int, took: float, aim: float) -> None:
        """Drop what was answered, and fit the next request to the time that a comment took."""
        for _ in range(count):
            self._taken.popleft()
        fitting = int(count * aim / max(took, 1e-6))
        self._size = max(1, min(fitting, GROWTH * self._size, MOST_COMMENTS))

    def shrink(self, count: int) -> None:
        """After a failure with so many comments: half of them."""
        self._size = max(1, count // 2)


def _identified(comment: Comment | str) -> Comment:
    """A comment with an id, so that it has one decision however often it is sent.

    One that is not recorded needs none.
    """
    known: Comment = {"text": comment} if isinstance(comment, str) else comment
    if known.get("id") is not None or known.get("dry_run"):
        return known
    return {**known, "id": f"client:{uuid.uuid4()}"}


def _whole(answer: HTTPResponse, end: float) -> bytes:
    """A body, which has to be here whole when the time is over. Raises `TimeoutError`."""
    parts: list[bytes] = []
    while part := answer.read1(65_536):
        parts.append(part)
        if time.monotonic() > end:
            raise TimeoutError("the answer did not arrive in time")
    return b"".join(parts)


def _problem(error: urllib.error.HTTPError) -> Problem:
    """What the service says is wrong; or a proxy before it, which does not speak its shape."""
    try:
        problem = json.load(error)
        if isinstance(problem.get("detail"), str):
            return cast(Problem, problem)
    except (OSError, HTTPException, ValueError, AttributeError):
        pass
    said = str(error.reason)
    return {"type": "about:blank", "title": said, "status": error.code, "detail": said}


def _pause(number: int, told: str | None) -> float:
    """As long as the service says; else 0.2 s, 0.4 s, 0.8 s …, more or less."""
    if told and told.isdecimal():
        return min(float(told), MOST_WAIT_S)
    more_or_less = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return min(0.2 * float(2**number) * more_or_less, MOST_WAIT_S)
