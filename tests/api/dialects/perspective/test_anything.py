"""Any request gets scores, or an error in Perspective's format."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.dialects.perspective.conftest import ANALYZE, FINE, SUGGEST, make

FIELDS = (
    "comment text type requestedAttributes requested_attributes attributeScores summaryScore value "
    "spanScores begin end score scoreType scoreThreshold languages spanAnnotations doNotStore "
    "clientToken communityId sessionId context entries articleAndParentComment article "
    "parentComment TOXICITY HOUSE_RULES SPAM@1"
).split()
NAMES = st.sampled_from(FIELDS)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from([FINE, "en", "PLAIN_TEXT", "\ud800", "\0", 10**30, 1e308])
)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner)
)
# Requests that are valid except for up to two fields.
VALID: dict[str, Any] = {
    "comment": {"text": FINE},
    "requestedAttributes": {"TOXICITY": {}, "HOUSE_RULES": {}},
    "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
}
CHANGES = st.dictionaries(NAMES, ANYTHING, max_size=2)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service with one record for all requests. It answers failures instead of raising."""
    return make(tmp_path_factory.mktemp("anything"), TESTING=False).test_client()


@settings(max_examples=300, suppress_health_check=list(HealthCheck), database=None, deadline=None)
@given(changed=CHANGES, path=st.sampled_from([ANALYZE, SUGGEST]))
def test_nearly_valid(service: FlaskClient, changed: dict[str, Any], path: str) -> None:
    """The answer has scores or an error with details."""
    foreign = "attributeScores" if path == ANALYZE else "requestedAttributes"
    valid = {name: value for name, value in VALID.items() if name != foreign}
    answer = service.post(path, json={**valid, **changed})
    content = answer.get_json()
    if answer.status_code == 200:
        expected = "attributeScores" if path == ANALYZE else "detectedLanguages"
        assert expected in content
    else:
        assert answer.status_code == 400
        assert content["error"]["message"]
        assert content["error"]["details"][0]


@settings(max_examples=100, suppress_health_check=list(HealthCheck), database=None, deadline=None)
@given(body=ANYTHING, path=st.sampled_from([ANALYZE, SUGGEST]))
def test_anything(service: FlaskClient, body: object, path: str) -> None:
    """Any JSON gets an error in the same format."""
    answer = service.post(path, json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["status"] == "INVALID_ARGUMENT"
