"""Whatever is sent, the answer is Perspective's: scores, or an error in its envelope."""

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
# Requests that are nearly right: a field or two is anything at all.
RIGHT: dict[str, Any] = {
    "comment": {"text": FINE},
    "requestedAttributes": {"TOXICITY": {}, "HOUSE_RULES": {}},
    "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
}
NEARLY = st.dictionaries(NAMES, ANYTHING, max_size=2)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """One record for all that is sent; a failure is answered and not raised."""
    return make(tmp_path_factory.mktemp("anything"), TESTING=False).test_client()


@settings(max_examples=300, suppress_health_check=list(HealthCheck), database=None, deadline=None)
@given(changed=NEARLY, path=st.sampled_from([ANALYZE, SUGGEST]))
def test_nearly_right(service: FlaskClient, changed: dict[str, Any], path: str) -> None:
    """Answered, or refused by name; never a failure."""
    foreign = "attributeScores" if path == ANALYZE else "requestedAttributes"
    right = {name: value for name, value in RIGHT.items() if name != foreign}
    answer = service.post(path, json={**right, **changed})
    told = answer.get_json()
    if answer.status_code == 200:
        assert told["attributeScores"] if path == ANALYZE else told["detectedLanguages"] is not None
    else:
        assert answer.status_code == 400
        assert told["error"]["message"]
        assert told["error"]["details"][0]


@settings(max_examples=100, suppress_health_check=list(HealthCheck), database=None, deadline=None)
@given(body=ANYTHING, path=st.sampled_from([ANALYZE, SUGGEST]))
def test_anything(service: FlaskClient, body: object, path: str) -> None:
    """In the same envelope."""
    answer = service.post(path, json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["status"] == "INVALID_ARGUMENT"
