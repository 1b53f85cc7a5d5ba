"""docs/api.md lists all settings and fields, and its requests are answered as it says."""

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.settings import NAMES

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
REQUESTS = [
    (path, body)
    for path, body in re.findall(r"curl http://127\.0\.0\.1:8000(\S+)[\s\\]+--json '(.*?)'", PAGE)
    if "/ID/" not in path  # tested with the id of a decision in test_record.py
]


def test_every_setting_has_its_row() -> None:
    """The table of settings lists all settings and no others."""
    assert set(re.findall(r"^\| `(MODERATION_\w+)`", PAGE, re.M)) == set(NAMES)


def test_every_field_has_its_row(client: FlaskClient) -> None:
    """The table of a comment's fields matches the schema."""
    document = client.get("/openapi.json").get_json()
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Many comments")[0], re.M)
    assert rows == list(document["components"]["schemas"]["CommentIn"]["properties"])


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_requests(client: FlaskClient, path: str, body: str) -> None:
    """Each request shown is answered with 200."""
    assert client.post(path, data=body, content_type="application/json").status_code == 200


def test_the_decision_shown_is_whole(client: FlaskClient) -> None:
    """The decision shown has the keys of a decision, in the same order."""
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])
    decision = client.post("/v1/moderate", json={"text": "LOUD"}).get_json()
    assert list(shown) == list(decision)
    assert list(shown["reasons"][0]) == list(decision["reasons"][0])
