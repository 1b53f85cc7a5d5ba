"""The Python client for asyncio against the running service, and both clients' routes."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from house_rules import AsyncHouseRules, HouseRules, RefusedError, UnansweredError

from api import App
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, key


def run(url: str, use: Callable[[AsyncHouseRules], Awaitable[Any]], **options: Any) -> Any:
    """Run `use` with a client."""

    async def main() -> Any:
        async with AsyncHouseRules(url, **options) as rules:
            return await use(rules)

    return asyncio.run(main())


def test_a_comment(url: str) -> None:
    """A comment may have all fields, or only its text."""

    async def use(rules: AsyncHouseRules) -> None:
        decision = await rules.moderate({"text": REJECTED, "id": "c-1", "author": "ravi"})
        assert (decision["action"], decision["reasons"][0]["rule"]) == ("reject", "abuse")
        assert (await rules.moderate(FINE))["action"] == "approve"

    run(url, use)


def test_many_at_once(url: str) -> None:
    """One client decides about several comments at the same time."""

    async def use(rules: AsyncHouseRules) -> list[str]:
        texts = [FINE, DOUBTFUL, REJECTED]
        decisions = await asyncio.gather(*(rules.moderate(text) for text in texts))
        return [decision["action"] for decision in decisions]

    assert run(url, use) == ["approve", "review", "reject"]


def test_moderate_many(url: str) -> None:
    """Answers are in order over several requests."""

    async def use(rules: AsyncHouseRules) -> list[Any]:
        comments = [FINE, " ", *[f"{FINE} Number {n}." for n in range(50)], REJECTED]
        return [answer async for answer in rules.moderate_many(comments)]

    answers = run(url, use)
    assert len(answers) == 53
    assert (answers[0]["action"], answers[1]["status"]) == ("approve", 422)
    assert answers[-1]["action"] == "reject"


def test_every_route(app: App, url: str) -> None:
    """The client speaks all routes for platforms and moderators: here from comment to erasure."""
    secret = key(app, "admin")
    start = dt.datetime.now(dt.UTC).isoformat()

    async def use(rules: AsyncHouseRules) -> None:
        decision = await rules.moderate({"text": DOUBTFUL, "id": "c-1", "author": "ravi"})
        id_ = decision["id"]
        assert [item["id"] async for item in rules.queue(limit=1)] == [id_]
        assert (await rules.claim(id_, "asha", 5))["claimed_by"] == "asha"
        assert (await rules.release(id_, "asha"))["claimed_by"] is None
        assert (await rules.give_verdict(id_, "reject", "asha", "Rude."))["standing"] == "reject"
        assert (await rules.appeal(id_, "It was a joke."))["decision"] == id_
        await rules.acknowledge_appeal(id_, "asha")
        assert (await rules.notice(id_))["decision"] == id_
        assert [item["id"] async for item in rules.changes(start)] == [id_]
        assert (await rules.decision(id_))["comment_id"] == "c-1"
        assert (await rules.suggest("u r right"))["text"].startswith("You are right")
        assert (await rules.guidelines())["rules"]
        assert (await rules.models())["models"]
        assert (await rules.health())["status"] == "ok"
        assert (await rules.hold(author="ravi", until="2030-01-01T00:00:00Z"))["held"] == 1
        assert (await rules.hold(author="ravi"))["released"] == 1
        assert (await rules.erase(author="ravi"))["erased"] == 1
        with pytest.raises(RefusedError):
            await rules.settle_appeal("unknown", "approve", "lena", "Satire.")

    run(url, use, key=secret)


def test_both_clients_have_the_same_methods() -> None:
    """Their arguments are the same too."""

    def methods(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(HouseRules) == methods(AsyncHouseRules)


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[str]:
    """Run a server that answers with `head`, and then with `drop` again and again."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(head)
                while not done.wait(0.05):
                    try:
                        connection.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        done.set()
        thread.join()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SLOW = pytest.mark.parametrize(
    ("head", "drop"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="body"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"", id="nothing"),
    ],
)


@SLOW
def test_a_slow_answer(head: bytes, drop: bytes) -> None:
    """An answer that never ends does not outlast the deadline."""

    async def use(rules: AsyncHouseRules) -> None:
        await rules.moderate(FINE)

    with dripping(head, drop) as url, pytest.raises(UnansweredError):
        run(url, use, timeout=0.3, tries=1)
    with dripping(head, drop) as url, pytest.raises(UnansweredError):
        HouseRules(url, timeout=0.3, tries=1).moderate(FINE)
