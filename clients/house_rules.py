"""Ask a House rules service about comments. One file, Python 3.11 or newer, nothing else needed.

    rules = HouseRules("https://moderation.example", key="hr-…")
    decision = rules.moderate({"text": "u r right", "id": "c-17", "author": "ravi"})
    if decision["action"] == "reject":
        tell(decision["reasons"][0]["message"])

A request that the service could not take now (it is not reached, not ready, or the key's rate is
used up) is sent again, a few times. What then still has no answer raises `UnansweredError`: let a
person read the comment, never publish it for that. With an `id` a comment that is sent again gets
the decision it has already.
"""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from itertools import islice
from typing import Any, Literal, NotRequired, TypedDict, cast
from urllib.parse import quote, urlencode

Action = Literal["approve", "review", "reject"]
AGAIN = frozenset({429, 500, 502, 503, 504})  # statuses that may pass
BATCH = 1000  # comments in one request, as many as the service takes
MOST_WAIT_S = 30.0


# <types> Written by `make docs` from the OpenAPI document; change it there.
class Comment(TypedDict):
    """A comment and what is known around it."""

    text: str
    id: NotRequired[str | None]
    author: NotRequired[str | None]
    article: NotRequired[str | None]
    parent: NotRequired[str | None]
    format: NotRequired[Literal["plain", "html"]]
    dry_run: NotRequired[bool]
    do_not_store: NotRequired[bool]


class Span(TypedDict):
    """A stretch of the text as received, in Unicode code points; `end` is exclusive."""

    start: int
    end: int
    text: str | None


class Reason(TypedDict):
    """What a rule found, its guideline, and what followed from it."""

    rule: str
    guideline: str
    score: float
    message: str
    spans: list[Span]
    suggestion: str | None
    action: Action


class Decision(TypedDict):
    """What is to be done with a comment, and every reason for it."""

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
    """For every comment its decision, or the problem with it, in the order asked."""

    decisions: list[Decision | Problem]


class Change(TypedDict):
    """One correction: where in the text as received, in code points, and what stands there now."""

    start: int
    end: int
    text: str
    instead: str


class Suggest(TypedDict):
    """The comment with all safe corrections made, for a 'did you mean' button."""

    text: str
    changes: list[Change]


class Guideline(TypedDict):
    """A rule in words, and from which scores on it acts."""

    rule: str
    guideline: str
    review: float | None
    reject: float | None
    shadow: bool


class Guidelines(TypedDict):
    """The house and its rules."""

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
    """A decision with what the record adds."""

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
        return cast(Decision, self._ask("POST", "/v1/moderate", _comment(comment)))

    def moderate_many(self, comments: Iterable[Comment | str]) -> Iterator[Decision | Problem]:
        """For every comment its decision, or the problem with it, in their order."""
        stream = iter(comments)
        while batch := [_comment(comment) for comment in islice(stream, BATCH)]:
            answer = self._ask("POST", "/v1/moderate/batch", {"comments": batch})
            yield from cast(Batch, answer)["decisions"]

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
        said = ""
        for number in range(self.tries):
            try:
                with self._send(method, path, body) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    problem = _problem(error)
                if error.code not in AGAIN:
                    raise RefusedError(problem) from None
                said, wait = problem["detail"], error.headers.get("Retry-After")
            except (OSError, HTTPException, ValueError) as error:  # not reached, or broken off
                said, wait = f"{type(error).__name__}: {error}", None
            if number < self.tries - 1:
                time.sleep(_pause(number, wait))
        raise UnansweredError(said)

    def _send(self, method: str, path: str, body: object) -> HTTPResponse:
        data, headers = None, self._headers
        if body is not None:
            data = json.dumps(body).encode()
            headers = {**headers, "Content-Type": "application/json"}
        # The scheme was looked at when the client was made.
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310
        return cast(HTTPResponse, urllib.request.urlopen(request, timeout=self.timeout))  # noqa: S310


def _comment(comment: Comment | str) -> Comment:
    return {"text": comment} if isinstance(comment, str) else comment


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
