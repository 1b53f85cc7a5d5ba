"""Limit the requests of each API key, and the work that they cause.

A rate such as '50 per second' has two limits. The first one counts requests. The second one counts
comments, and a long comment counts more than once: once for each KiB of its text and context that
has begun. It is over a longer time, so that the largest batch fits into it, with the same average.

Responses say in the headers `RateLimit-Policy` and `RateLimit` what is allowed and what is left
(draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from api.http.errors import Problem
from moderation import Comment

UNIT = 1024  # bytes of a comment and its context that count once
LARGEST = 5_000  # about what the largest request counts: 1,000 comments with 4 MiB
REQUEST = "moderation.request"  # in the environment: a dict that lasts if a request begins again

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Limit:
    """One limit of a rate: its name in the headers, and how much is allowed in which time."""

    name: str
    item: RateLimitItem

    @property
    def policy(self) -> str:
        """The limit as an item of the header `RateLimit-Policy`."""
        return f'"{self.name}";q={self.item.amount};w={self.item.get_expiry()}'


@lru_cache(maxsize=1024)
def limits(rate: str) -> tuple[Limit, Limit]:
    """Return the limits of requests and of comments that a rate stands for.

    >>> [limit.policy for limit in limits("50 per second")]
    ['"requests";q=50;w=1', '"comments";q=5000;w=100']
    """
    item = parse(rate)
    longer = math.ceil(LARGEST / item.amount)
    work = type(item)(item.amount * longer, item.multiples * longer, "COMMENTS")
    return Limit("requests", item), Limit("comments", work)


def cost(comments: Iterable[Comment]) -> int:
    """Return how often these comments count.

    >>> cost([Comment("Well said."), Comment("x" * 1025, article="The budget")])
    3
    """
    texts = ([comment.text, comment.article, comment.parent] for comment in comments)
    sizes = (sum(len((text or "").encode("utf-8", "replace")) for text in three) for three in texts)
    return sum(max(1, math.ceil(size / UNIT)) for size in sizes)


class UsedUpError(Problem):
    """The problem (429) that a caller has used up what its rate allows."""


class Meter:
    """Counts the requests and comments of each caller."""

    def __init__(self, default_rate: str, storage: str = "memory://") -> None:
        self.default_rate = default_rate
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True))
        self._counted_at = 0.0

    def count_request(self, caller: str, rate: str) -> None:
        """Count the present request, once. Raises a `Problem` (429) if it is over the limit."""
        requests, comments = limits(rate or self.default_rate)
        g.metered = self, caller, (requests, comments)
        counted = request.environ.setdefault(REQUEST, {})
        if "counted" not in counted:
            self._count(requests, caller, 1)
            counted["counted"] = True
        if self._try(lambda: self._limiter.test(comments.item, caller)) is False:
            raise self._used_up(comments, caller, 1)

    def count_comments(self, comments: Iterable[Comment]) -> None:
        """Count the comments of the present request. Raises a `Problem` (429) as above."""
        if "metered" in g:
            _, caller, (_, limit) = g.metered
            self._count(limit, caller, min(max(cost(comments), 1), limit.item.amount))

    def headers(self, caller: str, counted: Iterable[Limit]) -> dict[str, str]:
        """Return the headers that say what is allowed and what is left."""
        left = []
        for limit in counted:
            remaining, seconds = self._left(limit, caller)
            left.append(f'"{limit.name}";r={remaining};t={seconds}')
        policies = ", ".join(limit.policy for limit in counted)
        return {"RateLimit-Policy": policies, "RateLimit": ", ".join(left)}

    def _count(self, limit: Limit, caller: str, number: int) -> None:
        self._check_clock()
        if self._try(lambda: self._limiter.hit(limit.item, caller, cost=number)) is False:
            raise self._used_up(limit, caller, number)

    def _left(self, limit: Limit, caller: str) -> tuple[int, int]:
        """Return what is left of a limit, and after how many seconds there is more."""
        stats = self._try(lambda: self._limiter.get_window_stats(limit.item, caller))
        if stats is None:
            return limit.item.amount, 0
        return stats.remaining, max(0, math.ceil(stats.reset_time - time.time()))

    def _used_up(self, limit: Limit, caller: str, number: int) -> UsedUpError:
        remaining, reset_s = self._left(limit, caller)
        average_s = limit.item.get_expiry() / limit.item.amount
        wait_s = max(1, reset_s, math.ceil((number - remaining) * average_s))
        detail = (
            f"This key may send {limit.item.amount:,} {limit.name} in {limit.item.get_expiry():,} "
            f"seconds, and {remaining:,} are left. Wait {wait_s:,} seconds and try again."
        )
        return UsedUpError(429, detail, headers=[("Retry-After", str(wait_s))])

    def _try(self, ask: Callable[[], T]) -> T | None:
        """Return what the storage answers. If it is down, nothing is counted."""
        try:
            return ask()
        except StorageError:
            log.error("requests cannot be counted: the storage of the rate limits is down")
            return None

    def _check_clock(self) -> None:
        """If this machine's clock was set back, forget what was counted.

        The counts would belong to a time in the future. If the counts are shared with other
        machines, they are kept, because they may follow another clock.
        """
        now, before = time.time(), self._counted_at
        self._counted_at = now
        if now < before - 1 and isinstance(self._limiter.storage, MemoryStorage):
            self._limiter.storage.reset()


def register(app: Flask) -> None:
    """Add the headers about rates to the responses of `app` that are for a caller with a rate."""
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    if "metered" in g:
        meter, caller, counted = g.metered
        response.headers.update(meter.headers(caller, counted))
    return response
