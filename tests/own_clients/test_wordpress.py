"""The WordPress plug-in: its PHP syntax, and its calls to the running service."""

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
    """Run PHP and return its output. Fails on a warning or notice."""
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
    """Send a comment through the plug-in. Return its status and the requests to the service."""
    constants = {"HOUSE_RULES_URL": address, "HOUSE_RULES_TELL": tell}
    scenario = {
        "plugin": str(PLUGIN),
        "constants": {**constants, **({"HOUSE_RULES_KEY": secret} if secret else {})},
        "comment": {"comment_content": text, **comment},
        "approved": approved,
        "moved": moved,
        "calls": calls,
    }
    answer = php(str(Path(__file__).with_name("wordpress.php")), json.dumps(scenario))
    result: dict[str, Any] = json.loads(answer)
    return result


def test_php_syntax() -> None:
    """`php -l` finds no errors."""
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
    """The status follows the decision, and is never less strict than WordPress's."""
    assert post(url, text, approved=before)["approved"] == after


@pytest.mark.parametrize(("text", "after"), [(FINE, 1), (DOUBTFUL, 0)])
def test_asked_twice(app: App, url: str, text: str, after: int) -> None:
    """WordPress 6.7 and later call the plug-in twice, which makes one decision."""
    result = post(url, text, calls=2)
    (decision,) = decided(app)
    assert (result["approved"], len(result["sent"])) == (after, 1)
    assert result["meta"]["42"]["house_rules_decision"] == decision["id"]
    assert len(post("http://127.0.0.1:9", text, calls=2)["sent"]) == 1


def test_an_author_is_told(url: str) -> None:
    """HOUSE_RULES_TELL tells the author what to change, escaped for HTML."""
    error = post(url, REJECTED, tell=True)["approved"]
    assert error["code"] == "house_rules"
    assert error["message"].startswith("Be civil")
    assert "<" not in error["message"].replace("<br>", "")


def test_what_is_sent(app: App, url: str) -> None:
    """The plug-in sends the unslashed text, title, parent and key, but no mail address."""
    secret = key(app, "decide", "verdict")
    text = "It\\'s <b>fine</b>, I say."
    result = post(url, text, secret=secret, comment_parent=5)
    (sent,) = result["sent"]
    assert (sent["text"], sent["format"]) == ("It's <b>fine</b>, I say.", "html")
    assert (sent["article"], sent["parent"]) == ("The new bridge", "The bridge is late.")
    assert "example.com" not in json.dumps(sent).lower()
    (decision,) = decided(app)
    assert decision["id"] == result["meta"]["42"]["house_rules_decision"]
    assert decision["comment_id"] == sent["id"]
    assert decision["author"] == sent["author"]


@pytest.mark.parametrize(
    ("moved", "standing"), [("approved", "approve"), ("spam", "reject"), ("trash", "reject")]
)
def test_a_moderators_action_is_a_verdict(app: App, url: str, moved: str, standing: str) -> None:
    """The plug-in sends the verdict with the moderator's name."""
    post(url, DOUBTFUL, moved=(moved,))
    (decision,) = decided(app)
    assert decision["standing"] == standing
    assert [verdict["who"] for verdict in decision["history"]["verdicts"]] == ["asha"]


def test_without_an_answer_it_is_held(app: App, url: str) -> None:
    """Without a service, with a wrong key or a too long text, the comment is held."""
    assert post("http://127.0.0.1:9", FINE)["approved"] == 0
    assert post(url, "x" * 30_000)["approved"] == 0
    key(app, "decide")
    assert post(url, FINE, secret="hr-0-0")["approved"] == 0  # noqa: S106 - no secret
    assert decided(app) == []


def test_what_is_not_sent(url: str) -> None:
    """Pings and moderators' own comments are not sent."""
    for comment in ({"comment_type": "pingback"}, {"user_id": 7}):
        assert post(url, REJECTED, **comment) == {"approved": 1, "meta": [], "sent": []}
