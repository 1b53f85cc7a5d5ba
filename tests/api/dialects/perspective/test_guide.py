"""The examples in docs/moving-from-perspective.md work."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient
from pydantic import HttpUrl

from api import App
from api.services import services_of
from api.settings import Settings
from moderation.perspective import thresholds
from tests.api.dialects.perspective.conftest import ANALYZE, key

PAGE = (Path(__file__).parents[4] / "docs" / "moving-from-perspective.md").read_text("utf-8")


def block(kind: str, words: str) -> str:
    """Return the page's only code block of this kind that contains these words."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)
    (matching,) = [code for code in blocks if words in code]
    return str(matching)


def test_the_first_request(client: FlaskClient) -> None:
    """The request with curl succeeds."""
    body = re.search(r"--json '(.*)'", block("sh", ANALYZE), re.S)
    assert body
    answer = client.post(ANALYZE, data=body[1], content_type="application/json")
    assert answer.status_code == 200
    assert set(answer.get_json()["attributeScores"]) == {"TOXICITY", "LIKELY_TO_REJECT"}


def test_the_thresholds(tmp_path: Path) -> None:
    """The example file is valid, and the table equals the mapping."""
    file = tmp_path / "thresholds.toml"
    file.write_text(block("ini", "TOXICITY"), "utf-8")
    assert set(thresholds.read(file)) == {"TOXICITY", "SPAM"}
    rows = re.findall(r"^\| (0\.\d+) \| (0\.\d+) \|$", PAGE, re.M)
    assert len(rows) == 6
    assert all(thresholds.abuse_score(float(theirs)) == float(ours) for theirs, ours in rows)


def test_the_settings_of_the_upstream() -> None:
    """The names are those of the settings."""
    lines = dict(line.split("=", 1) for line in block("sh", "UPSTREAM").splitlines())
    values = {name.removeprefix("MODERATION_").lower(): value for name, value in lines.items()}
    upstream = Settings.model_validate(values).perspective_upstream
    assert upstream == HttpUrl("https://commentanalyzer.googleapis.com")


def test_the_python_client(app: App, url: str) -> None:
    """The program runs with another address and key."""
    program = block("python", "discovery.build")
    for example, real in (("https://moderation.example", url), ('"KEY"', repr(key(app, "decide")))):
        assert example in program
        program = program.replace(example, real)
    exec(compile(program, "guide", "exec"), {})  # noqa: S102 - our own page
    assert 'route="perspective"} 1.0' in services_of(app).metrics.expose().decode()
