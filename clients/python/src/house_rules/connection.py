"""What both clients need of httpx: its options, and what its errors mean."""

from __future__ import annotations

import time
from typing import Any

import httpx

from house_rules.exchange import Reply

AGENT = "house-rules-python/2"


def options(url: str, key: str | None) -> dict[str, Any]:
    """Return the options of httpx's client. Raises `ValueError` for an invalid address.

    Redirects are not followed, so that no other host gets the key.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("url: must begin with http:// or https://")
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": AGENT,
    }
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return {"base_url": url.rstrip("/"), "headers": headers, "follow_redirects": False}


def overdue(end: float) -> None:
    """Raise `httpx.ReadTimeout` if it is later than `end`.

    httpx's own time-out is for each part of an answer. A slow answer may have any number of parts.
    """
    if time.monotonic() > end:
        raise httpx.ReadTimeout("the answer did not arrive in time")


def failed(error: httpx.HTTPError) -> Reply:
    """Return the reply for a request that failed on its way."""
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return Reply(0, {}, b"", f"{type(error).__name__}: {error}", sent=not unsent)
