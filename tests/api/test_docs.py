"""docs/api.md tells of what there is, and its requests are answered as it says."""

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
    if "/ID/" not in path  # tried with a decision's own id in test_records.py
]


def test_every_setting_has_its_row() -> None:
    """The table of settings holds all of them and no other."""
    assert set(re.findall(r"^\| `(MODERATION_\w+)`", PAGE, re.M)) == set(NAMES)


def test_every_field_has_its_row(client: FlaskClient) -> None:
    """The table of a comment's fields is the schema's."""
    document = client.get("/openapi.json").get_json()
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Many comments")[0], re.M)
    assert rows == list(document["components"]["schemas"]["CommentIn"]["properties"])


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_requests(client: FlaskClient, path: str, body: str) -> None:
    """What stands there to be copied is answered 200."""
    assert client.post(path, data=body, content_type="application/json").status_code == 200


def test_the_decision_shown_is_whole(client: FlaskClient) -> None:
    """The decision in the page has the keys of a decision, in their order."""
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])
    given = client.post("/v1/moderate", json={"text": "LOUD"}).get_json()
    assert list(shown) == list(given)
    assert list(shown["reasons"][0]) == list(given["reasons"][0])
