"""The JavaScript client in Node, against the running service."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from house_rules import HouseRules

from api import App
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, decided, key
from tests.own_clients.test_python import GOOD, Answer, answering

ROOT = Path(__file__).parents[2]
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
    assert call("quoted", "👍🏽 idiot", {"start": 3, "end": 8}, url=url)["answer"] == "idiot"


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


def test_every_route(app: App, url: str) -> None:
    """The client speaks all routes for platforms and moderators: here from comment to erasure."""
    secret = key(app, "admin")
    start = dt.datetime.now(dt.UTC).isoformat()

    def ask(name: str, *args: Any) -> Any:
        outcome = call(name, *args, url=url, key=secret)
        assert "answer" in outcome, outcome
        return outcome["answer"]

    id_ = ask("moderate", {"text": DOUBTFUL, "id": "c-1", "author": "ravi"})["id"]
    assert [item["id"] for item in ask("queue", {"limit": 1})] == [id_]
    assert ask("claim", id_, "asha", 5)["claimed_by"] == "asha"
    assert ask("release", id_, "asha")["claimed_by"] is None
    assert ask("giveVerdict", id_, {"action": "reject", "who": "asha"})["standing"] == "reject"
    assert ask("appeal", id_, {"reason": "It was a joke."})["decision"] == id_
    ask("acknowledgeAppeal", id_, "asha")
    assert ask("notice", id_)["decision"] == id_
    assert [item["id"] for item in ask("changes", start)] == [id_]
    assert ask("decision", id_)["comment_id"] == "c-1"
    assert ask("guidelines")["rules"]
    assert ask("models")["models"]
    assert ask("health")["status"] == "ok"
    assert ask("hold", {"author": "ravi", "until": "2030-01-01T00:00:00Z"})["held"] == 1
    assert ask("hold", {"author": "ravi"})["released"] == 1
    assert ask("erase", {"author": "ravi"})["erased"] == 1
    outcome = {"action": "approve", "who": "lena", "reason": "Satire."}
    assert call("settleAppeal", "0", outcome, url=url, key=secret)["name"] == "RefusedError"


def test_hints_for_an_author(url: str) -> None:
    """The reasons and the corrections, of both clients alike. The text is not recorded."""
    hints = call("hints", "u r an idiot, sir.", url=url)["answer"]
    assert hints == HouseRules(url).hints("u r an idiot, sir.")
    assert hints["reasons"][0]["rule"] == "abuse"
    assert hints["changes"]


def test_the_deadline_is_for_all_tries() -> None:
    """The client does not start a pause that ends after the deadline."""
    busy: Answer = (503, {"Retry-After": "7"}, b"{}")
    with answering(busy, GOOD) as (url, requests):
        assert call("moderate", FINE, url=url, deadlineMs=3000)["name"] == "UnansweredError"
    assert len(requests) == 1


def test_a_redirect_does_not_get_the_key() -> None:
    """Another host does not see the request. The error names the new address."""
    with answering(GOOD) as (elsewhere, seen):
        moved: Answer = (302, {"Location": f"{elsewhere}/v1/moderate"}, b"")
        with answering(moved) as (url, requests):
            error = call("moderate", FINE, url=url, key="hr-1-2")
    assert (error["name"], len(requests), seen) == ("UnansweredError", 1, [])
    assert elsewhere in error["message"]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"null", b'{"action": "publish"}'])
def test_an_answer_that_is_no_decision(body: bytes) -> None:
    """Something else answers at the service's address, such as a proxy's page for signing in."""
    with answering(*[(200, {}, body)] * 2) as (url, _):
        assert call("moderate", FINE, url=url, tries=2)["name"] == "UnansweredError"


def test_a_verdict_is_not_given_twice() -> None:
    """The client repeats a verdict only if the service has certainly not recorded it."""
    recorded: Answer = (200, {}, b'{"action": "review", "standing": "reject"}')
    verdict = {"action": "reject", "who": "asha"}
    with answering((502, {}, b"{}"), recorded) as (url, requests):
        assert call("giveVerdict", "1", verdict, url=url)["name"] == "UnansweredError"
    assert len(requests) == 1
    with answering((503, {}, b"{}"), recorded) as (url, requests):
        assert call("giveVerdict", "1", verdict, url=url)["answer"]["standing"] == "reject"
    assert len(requests) == 2


def test_typescript_knows_the_types() -> None:
    """A program in TypeScript compiles in the strictest mode."""
    compiler = ROOT / "tests" / "clients" / "node_modules" / "typescript" / "bin" / "tsc"
    options = "--noEmit --strict --target es2022 --module nodenext --lib es2022,dom,dom.iterable"
    done = subprocess.run(  # noqa: S603 - our own
        [NODE or "node", compiler, *options.split(), ROOT / "tests" / "own_clients" / "types.ts"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_package_is_complete(tmp_path: Path) -> None:
    """The packed package, without the repository, has all that its `exports` name."""
    source = ROOT / "clients" / "javascript"
    pack = ["npm", "pack", "--silent", "--pack-destination", str(tmp_path)]
    subprocess.run(pack, cwd=source, check=True, capture_output=True)  # noqa: S603 - our own
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as package:
        package.extractall(tmp_path, filter="data")
    names = {path.name for path in (tmp_path / "package").iterdir()}
    exports = json.loads((source / "package.json").read_text("utf-8"))["exports"]
    assert {Path(path).name for entry in exports.values() for path in entry.values()} <= names
    assert {"types.d.ts", "README.md"} <= names
    assert "demo" not in names
