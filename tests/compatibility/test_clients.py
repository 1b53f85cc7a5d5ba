"""Clients of earlier versions work with the service of today."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from api import App
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, key
from tests.compatibility.released.house_rules_2026_11 import HouseRules, RefusedError

RELEASED = Path(__file__).parent / "released"
NODE = shutil.which("node")

PROGRAM = """
const {HouseRules} = await import(process.argv[1]);
const rules = new HouseRules(process.argv[2], {key: process.argv[3]});
const texts = JSON.parse(process.argv[4]);
const {id} = await rules.moderate({text: texts[1], id: "c-1"});
const {standing} = await rules.giveVerdict(id, {action: "approve", who: "asha"});
const many = await rules.moderateMany(texts);
const {text} = await rules.suggest("u r right");
console.log(JSON.stringify({standing, text, actions: many.map(({action}) => action)}));
"""


def test_python(app: App, url: str) -> None:
    """The client of November 2026."""
    rules = HouseRules(url, key(app, "decide", "verdict", "read"))
    decision = rules.moderate({"text": DOUBTFUL, "id": "c-1", "author": "ravi"})
    assert [waiting["id"] for waiting in rules.queue()] == [decision["id"]]
    assert rules.give_verdict(decision["id"], "reject", "asha")["standing"] == "reject"
    assert rules.decision(decision["id"])["history"]["verdicts"][0]["action"] == "reject"
    many = [answer.get("action") for answer in rules.moderate_many([FINE, REJECTED])]
    assert many == ["approve", "reject"]
    assert rules.suggest("u r right")["text"].startswith("You are right")
    assert rules.guidelines()["rules"]
    with pytest.raises(RefusedError):
        rules.moderate(" ")


@pytest.mark.skipif(NODE is None, reason="no node here")
def test_javascript(app: App, url: str) -> None:
    """The client of November 2026."""
    client, secret = RELEASED / "house-rules.mjs", key(app, "decide", "verdict", "read")
    texts = json.dumps([FINE, DOUBTFUL, REJECTED])
    done = subprocess.run(  # noqa: S603 - our own
        [NODE or "node", "--input-type=module", "-e", PROGRAM, str(client), url, secret, texts],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == {
        "standing": "approve",
        "text": "You are right",
        "actions": ["approve", "review", "reject"],
    }
