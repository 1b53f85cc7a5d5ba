"""The JavaScript client in Node, against the running service."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api import App
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, decided, key
from tests.own_clients.test_python import GOOD, Answer, answering

NODE = shutil.which("node")
SCRIPT = str(Path(__file__).with_name("client.mjs"))

pytestmark = pytest.mark.skipif(NODE is None, reason="no node here")


def call(name: str, *args: Any, **options: Any) -> Any:
    """Call a method of the client. Return its answer or error."""
    request = json.dumps({"url": "", "call": name, "args": args, **options})
    command = [NODE or "node", "--no-warnings", SCRIPT]
    done = subprocess.run(  # noqa: S603 - our own
        command, input=request, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_comments(app: App, url: str) -> None:
    """The client sends one comment, many, and a verdict."""
    secret = key(app, "decide", "verdict")
    decision = call("moderate", {"text": DOUBTFUL, "id": "c-1"}, url=f"{url}/", key=secret)[
        "answer"
    ]
    assert decision["action"] == "review"
    many = call("moderateMany", [FINE, REJECTED, {"text": ""}], url=url, key=secret)["answer"]
    assert [answer.get("action", answer.get("status")) for answer in many] == [
        "approve",
        "reject",
        422,
    ]
    call("giveVerdict", decision["id"], {"action": "approve", "who": "asha"}, url=url, key=secret)
    assert decided(app)[0]["standing"] == "approve"


def test_corrections_and_quotes(url: str) -> None:
    """`suggest` returns corrections. `quoted` counts code points."""
    assert call("suggest", "u r right", url=url)["answer"]["text"].startswith("You are right")
    assert call("quoted", "👍🏽 idiot", {"start": 3, "end": 8})["answer"] == "idiot"


def test_refused(url: str) -> None:
    """The error names the wrong field."""
    error = call("moderate", " ", url=url)
    assert error["name"] == "RefusedError"
    assert error["problem"]["errors"][0]["pointer"] == "/text"


def test_temporary_errors_are_retried() -> None:
    """A temporary error is retried. After `tries` tries the client throws an error."""
    bad: list[Answer] = [(503, {}, b"{}"), (0, {}, b""), (502, {}, b"<html>"), (200, {}, b"{")]
    for first in bad:
        with answering(first, GOOD) as (url, requests):
            assert call("moderate", FINE, url=url)["answer"] == {"action": "approve"}
        assert len(requests) == 2
    with answering(*[(500, {}, b"{}")] * 2) as (url, _):
        assert call("moderate", FINE, url=url, tries=2)["name"] == "UnansweredError"
