"""The WordPress plug-in: its PHP, and its calls to the running service."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api import App
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, decided, key

PLUGIN = Path(__file__).parents[2] / "clients" / "wordpress" / "house-rules.php"
PHP = shutil.which("php")

pytestmark = pytest.mark.skipif(PHP is None, reason="no php here")


def php(*arguments: str) -> str:
    """What PHP prints; a warning or notice of the plug-in's is a failure."""
    command = [PHP or "php", "-d", "display_errors=stderr", "-d", "error_reporting=-1", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def post(
    address: str,
    text: str,
    *,
    approved: int | str = 1,
    moved: tuple[str, ...] = (),
    tell: bool = False,
    calls: int = 1,
    secret: str | None = None,
    **comment: object,
) -> dict[str, Any]:
    """A comment's way through WordPress: what becomes of it, and what was sent to the service."""
    constants = {"HOUSE_RULES_URL": address, "HOUSE_RULES_TELL": tell}
    told = {
        "plugin": str(PLUGIN),
        "constants": {**constants, **({"HOUSE_RULES_KEY": secret} if secret else {})},
        "comment": {"comment_content": text, **comment},
        "approved": approved,
        "moved": moved,
        "calls": calls,
    }
    answer = php(str(Path(__file__).with_name("wordpress.php")), json.dumps(told))
    found: dict[str, Any] = json.loads(answer)
    return found


def test_its_php_is_php() -> None:
    """`php -l` has nothing to say."""
    assert "No syntax errors" in php("-l", str(PLUGIN))


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        pytest.param(FINE, 1, 1, id="a fine comment is published"),
        pytest.param(FINE, 0, 0, id="unless WordPress itself would hold it"),
        pytest.param(FINE, "spam", "spam", id="or takes it for spam"),
        pytest.param(DOUBTFUL, 1, 0, id="a doubtful one is held"),
        pytest.param(DOUBTFUL, "spam", "spam", id="and spam stays spam"),
        pytest.param(REJECTED, 1, "trash", id="a rejected one goes to the trash"),
        pytest.param(REJECTED, 0, "trash", id="also where it was held"),
    ],
)
def test_actions(url: str, text: str, before: int | str, after: int | str) -> None:
    """What the service says, and never less strict than WordPress."""
    assert post(url, text, approved=before)["approved"] == after


@pytest.mark.parametrize(("text", "after"), [(FINE, 1), (DOUBTFUL, 0)])
def test_asked_twice(app: App, url: str, text: str, after: int) -> None:
    """WordPress 6.7 and later call twice for one comment, which is one decision."""
    kept = post(url, text, calls=2)
    (decision,) = decided(app)
    assert (kept["approved"], len(kept["sent"])) == (after, 1)
    assert kept["meta"]["42"]["house_rules_decision"] == decision["id"]
    assert len(post("http://127.0.0.1:9", text, calls=2)["sent"]) == 1


def test_an_author_is_told(url: str) -> None:
    """With HOUSE_RULES_TELL what to change, in words that are safe in a page."""
    told = post(url, REJECTED, tell=True)["approved"]
    assert told["code"] == "house_rules"
    assert told["message"].startswith("Be civil")
    assert "<" not in told["message"].replace("<br>", "")


def test_what_is_sent(app: App, url: str) -> None:
    """Text without WordPress's slashes, title and parent; no mail address, and the key."""
    secret = key(app, "decide", "verdict")
    text = "It\\'s <b>fine</b>, I say."
    kept = post(url, text, secret=secret, comment_parent=5)
    (sent,) = kept["sent"]
    assert (sent["text"], sent["format"]) == ("It's <b>fine</b>, I say.", "html")
    assert (sent["article"], sent["parent"]) == ("The new bridge", "The bridge is late.")
    assert "example.com" not in json.dumps(sent).lower()
    (decision,) = decided(app)
    assert decision["id"] == kept["meta"]["42"]["house_rules_decision"]
    assert decision["comment_id"] == sent["id"]
    assert decision["author"] == sent["author"]


@pytest.mark.parametrize(
    ("moved", "standing"), [("approved", "approve"), ("spam", "reject"), ("trash", "reject")]
)
def test_what_a_moderator_does_is_a_verdict(app: App, url: str, moved: str, standing: str) -> None:
    """It goes back to the service under the moderator's name."""
    post(url, DOUBTFUL, moved=(moved,))
    (decision,) = decided(app)
    assert decision["standing"] == standing
    assert [one["who"] for one in decision["history"]["verdicts"]] == ["asha"]


def test_without_an_answer_it_is_held(app: App, url: str) -> None:
    """Nobody there, a wrong key, and what cannot be judged: a person looks."""
    assert post("http://127.0.0.1:9", FINE)["approved"] == 0
    assert post(url, "x" * 30_000)["approved"] == 0
    key(app, "decide")
    assert post(url, FINE, secret="hr-0-0")["approved"] == 0  # noqa: S106 - no secret
    assert decided(app) == []


def test_what_is_not_asked_about(url: str) -> None:
    """Pings, and what moderators write themselves."""
    for comment in ({"comment_type": "pingback"}, {"user_id": 7}):
        assert post(url, REJECTED, **comment) == {"approved": 1, "meta": [], "sent": []}
