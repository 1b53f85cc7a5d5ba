"""Decide what to send, when to try again and when to give up, without sending anything.

The functions here are generators. They yield what to do (`Send`, `Pause`, `Answers`) and get back
the `Reply`. So `HouseRules` and `AsyncHouseRules` share them, and only differ in how they wait.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar, cast

from house_rules.errors import RefusedError, UnansweredError
from house_rules.types import Problem

T = TypeVar("T")

AGAIN = frozenset({429, 500, 502, 503, 504})  # statuses after which a repeated request may succeed
UNDONE = frozenset({429, 503})  # of these, those after which the service has certainly done nothing
MOST_WAIT_S = 30.0


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request to one of the service's routes, and how to read its answer.

    `read` returns the answer. It raises `KeyError`, `TypeError` or `ValueError` if the answer is
    not the service's. If `repeatable` is false, the request is not sent again when the service may
    have acted on it already.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    body: object = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    repeatable: bool = True

    def content(self) -> bytes | None:
        """Return the request's body; None if it has none."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


@dataclass(frozen=True)
class Send:
    """Send this request. Wait for its answer for `timeout` seconds at most."""

    call: Call[Any]
    timeout: float


@dataclass(frozen=True)
class Pause:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True)
class Answers:
    """Hand these answers on to the caller."""

    answers: list[Any]


class Reply(NamedTuple):
    """What came back: an HTTP answer, or the error instead of one.

    `sent` is false if the request certainly never reached the service.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    error: str = ""
    sent: bool = True


Step = Send | Pause | Answers
Steps = Generator[Step, Reply | None, T]


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: `timeout` for one try, `deadline` for all tries together."""

    timeout: float
    deadline: float
    tries: int

    def __post_init__(self) -> None:
        for name in ("timeout", "deadline"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: must be more than 0 seconds")
        if self.tries < 1:
            raise ValueError("tries: must be at least 1")

    def until(self, deadline: float | None) -> Patience:
        """Return these limits with another deadline, if one is given."""
        return self if deadline is None else replace(self, deadline=deadline)


class AgainError(Exception):
    """A try failed and may be repeated after a pause. `wait` is the header Retry-After."""

    def __init__(self, reason: str, wait: str | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def exchange(call: Call[T], patience: Patience) -> Steps[T]:
    """Send a request, several times if necessary, and return the answer.

    Raises `RefusedError` if the service refuses the request, and `UnansweredError` if there is no
    answer before the deadline or after the last try.
    """
    end = time.monotonic() + patience.deadline
    reason = "the deadline is over"
    for number in range(patience.tries):
        remaining = end - time.monotonic()
        if remaining <= 0:
            break
        reply = yield Send(call, min(patience.timeout, remaining))
        try:
            return read(call, reply)
        except AgainError as error:
            reason = str(error)
            seconds = pause(number, error.wait)
        if number == patience.tries - 1 or time.monotonic() + seconds >= end:
            break
        yield Pause(seconds)
    raise UnansweredError(reason)


def read(call: Call[T], reply: Reply | None) -> T:
    """Return the answer in a reply.

    Raises `RefusedError`, `UnansweredError`, or `AgainError` if the request should be repeated.
    """
    assert reply is not None  # noqa: S101 - the driver answers every `Send`
    if reply.error:
        raise _failure(call, reply.error, done=reply.sent)
    if 300 <= reply.status < 400:
        # Another host must not see the key, and another path would not answer a POST.
        raise UnansweredError(
            f"the service redirects to {reply.headers.get('location')}; set that address instead"
        )
    if reply.status >= 400:
        problem = _problem(reply)
        if reply.status not in AGAIN:
            raise RefusedError(problem)
        done = reply.status not in UNDONE
        wait = reply.headers.get("retry-after")
        raise _failure(call, problem["detail"], done=done, wait=wait)
    try:
        return call.read(json.loads(reply.body))
    except (KeyError, TypeError, ValueError):
        reason = f"the answer to {call.path} is not the service's"
        raise _failure(call, reason, done=True) from None


def pause(number: int, retry_after: str | None) -> float:
    """Return the seconds to wait after try `number`: `retry_after`, or 0.2, 0.4, 0.8 … with jitter.

    >>> pause(3, "7")
    7.0
    >>> 0.15 <= pause(0, None) <= 0.25
    True
    """
    if retry_after and retry_after.isdecimal():
        return min(float(retry_after), MOST_WAIT_S)
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return min(0.2 * float(2**number) * jitter, MOST_WAIT_S)


def _failure(call: Call[Any], reason: str, *, done: bool, wait: str | None = None) -> Exception:
    """Return the error for a failed try. `done` says whether the service may have acted on it."""
    if done and not call.repeatable:
        return UnansweredError(f"{reason}; the request may have been carried out")
    return AgainError(reason, wait)


def _problem(reply: Reply) -> Problem:
    """Return the service's problem, or make one from a proxy's error, which has another format."""
    try:
        problem = json.loads(reply.body)
        if isinstance(problem["detail"], str):
            return cast(Problem, problem)
    except (KeyError, TypeError, ValueError):
        pass
    title = f"HTTP {reply.status}"
    return {"type": "about:blank", "title": title, "status": reply.status, "detail": title}
