"""The JavaScript client of our own API, in Node, against the running service."""

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
    """What a method answers, or the error that it throws."""
    told = json.dumps({"url": "", "call": name, "args": args, **options})
    command = [NODE or "node", "--no-warnings", SCRIPT]
    done = subprocess.run(  # noqa: S603 - our own
        command, input=told, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_comments(app: App, url: str) -> None:
    """One, many, and what a moderator says of one."""
    secret = key(app, "decide", "verdict")
    one = call("moderate", {"text": DOUBTFUL, "id": "c-1"}, url=f"{url}/", key=secret)["answer"]
    assert one["action"] == "review"
    many = call("moderateMany", [FINE, REJECTED, {"text": ""}], url=url, key=secret)["answer"]
    assert [it.get("action", it.get("status")) for it in many] == ["approve", "reject", 422]
    call("giveVerdict", one["id"], {"action": "approve", "who": "asha"}, url=url, key=secret)
    assert decided(app)[0]["standing"] == "approve"


def test_words(url: str) -> None:
    """Corrections to offer; and quotes count code points, as spans do."""
    assert call("suggest", "u r right", url=url)["answer"]["text"].startswith("You are right")
    assert call("quoted", "👍🏽 idiot", {"start": 3, "end": 8})["answer"] == "idiot"


def test_what_is_refused(url: str) -> None:
    """The field that is wrong is named."""
    thrown = call("moderate", " ", url=url)
    assert thrown["name"] == "RefusedError"
    assert thrown["problem"]["errors"][0]["pointer"] == "/text"


def test_what_may_pass_is_tried_again() -> None:
    """Once more; after so many tries there is no answer, which is no approval."""
    bad: list[Answer] = [(503, {}, b"{}"), (0, {}, b""), (502, {}, b"<html>"), (200, {}, b"{")]
    for first in bad:
        with answering(first, GOOD) as (url, asked):
            assert call("moderate", FINE, url=url)["answer"] == {"action": "approve"}
        assert len(asked) == 2
    with answering(*[(500, {}, b"{}")] * 2) as (url, _):
        assert call("moderate", FINE, url=url, tries=2)["name"] == "UnansweredError"
