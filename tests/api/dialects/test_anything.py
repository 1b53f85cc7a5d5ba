"""Any request in a dialect gets an answer in its format, and never a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.dialects.akismet import THANKS
from api.dialects.coral import signature
from tests.api.dialects.conftest import FINE, SECRET, make

NAMES = st.sampled_from(
    "input model type text image_url action comment body parentID author id story url tenantID "
    "blog api_key comment_content comment_author comment_author_email permalink is_test month "
    "user_role limit offset format filter".split()
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from([FINE, "text", "NEW", "EDIT", "https://herald.example", "\ud800", "\0"])
)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner)
)
BODY = st.dictionaries(NAMES, ANYTHING, max_size=8)
ENOUGH = settings(
    max_examples=150, suppress_health_check=list(HealthCheck), database=None, deadline=None
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service with one record for all requests."""
    return make(tmp_path_factory.mktemp("anything"), TESTING=False).test_client()


@ENOUGH
@given(body=BODY)
def test_openai(service: FlaskClient, body: dict[str, Any]) -> None:
    """The answer has results or an error message."""
    answer = service.post("/v1/moderations", json=body)
    assert answer.status_code in (200, 400, 404)
    content = answer.get_json()
    assert content["results"] if answer.status_code == 200 else content["error"]["message"]


@ENOUGH
@given(body=BODY | ANYTHING, form=st.sampled_from(["html", "plain"]))
def test_coral(service: FlaskClient, body: object, form: str) -> None:
    """A signed request always gets 204 or a status."""
    raw = json.dumps(body, indent=2).encode()
    headers = {"X-Coral-Signature": signature(SECRET, raw)}
    answer = service.post(f"/coral/{form}", data=raw, headers=headers)
    assert answer.status_code == 204 or answer.get_json()["status"]


@ENOUGH
@given(
    body=BODY,
    path=st.sampled_from(
        "1.1/verify-key 1.1/comment-check 1.1/submit-spam 1.2/key-sites 1.2/usage-limit".split()
    ),
    is_json=st.booleans(),
)
def test_akismet(service: FlaskClient, body: dict[str, Any], path: str, is_json: bool) -> None:
    """The answer has one of Akismet's bodies, and is no HTTP error."""
    plain = {name: str(value).encode("utf-8", "replace") for name, value in body.items()}
    answer = service.post(path, **({"json": body} if is_json else {"data": plain}))
    assert answer.status_code == 200
    content = answer.get_data(as_text=True)
    is_usage = path.startswith("1.2/")
    assert content in ("true", "false", "valid", "invalid", THANKS) or is_usage
