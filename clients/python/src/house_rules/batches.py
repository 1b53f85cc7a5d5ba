"""Send many comments in requests of a suitable size."""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Iterable

from house_rules.calls import batch
from house_rules.errors import RefusedError, UnansweredError
from house_rules.exchange import AgainError, Answers, Patience, Pause, Send, Steps, pause, read
from house_rules.types import Comment

TOO_LARGE = 413
MOST_COMMENTS = 1000  # in one request: the service's limit
MOST_BYTES = 1_000_000  # of one request; the service's default limit is 4 MiB
FIRST_COMMENTS = 10  # in the first request, which measures the time per comment
GROWTH = 2  # the most that a request may grow compared to the one before
SHARE = 0.2  # the share of the timeout that a request should take


def identified(comment: Comment | str) -> Comment:
    """Return a comment with an id, so that retries get the same decision.

    A comment with `dry_run` needs no id.
    """
    fields: Comment = {"text": comment} if isinstance(comment, str) else comment
    if fields.get("id") is not None or fields.get("dry_run"):
        return fields
    return {**fields, "id": f"client:{uuid.uuid4()}"}


def exchange_many(
    comments: Iterable[Comment | str], patience: Patience, deadline: float | None
) -> Steps[None]:
    """Send comments in requests that take about a fifth of the timeout, and yield the answers.

    `deadline` is in seconds for all of them. After it, or after `tries` failures in a row, raises
    `UnansweredError`.
    """
    waiting = _Waiting(comments)
    end = None if deadline is None else time.monotonic() + deadline
    failures = 0
    while parts := waiting.batch():
        timeout = patience.timeout if end is None else min(patience.timeout, end - time.monotonic())
        if timeout <= 0:
            raise UnansweredError("the deadline is over")
        call = batch(b'{"comments": [' + b", ".join(parts) + b"]}", len(parts))
        start = time.monotonic()
        reply = yield Send(call, timeout)
        try:
            answers = read(call, reply)
        except AgainError as error:
            failures += 1
            # Wait at least as long as the try took: the service may still decide those comments,
            # and recognises them only once it has recorded its decisions.
            seconds = max(pause(failures - 1, error.wait), time.monotonic() - start)
            if failures >= patience.tries or (end and time.monotonic() + seconds >= end):
                raise UnansweredError(str(error)) from None
            waiting.shrink(len(parts))
            yield Pause(seconds)
        except RefusedError as error:
            if error.problem["status"] != TOO_LARGE or len(parts) == 1:
                raise
            waiting.most_bytes = sum(map(len, parts)) // 2
        else:
            failures = 0
            waiting.answered(len(parts), time.monotonic() - start, SHARE * patience.timeout)
            yield Answers(answers)


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
        parts: list[bytes] = []
        total = 0
        while len(parts) < self._size and (comment := self._at(len(parts))):
            total += len(comment) + 2  # with ", " between
            if parts and total > self.most_bytes:
                break
            parts.append(comment)
        return parts

    def _at(self, index: int) -> bytes | None:
        """Return the comment at an index, and read it from the caller if necessary."""
        if index == len(self._buffer):
            for comment in self._comments:
                self._buffer.append(json.dumps(identified(comment)).encode())
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
