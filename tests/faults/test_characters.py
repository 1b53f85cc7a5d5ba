"""Characters that no database keeps: NUL in references, half surrogate pairs in names."""

from __future__ import annotations

import json

from tests.faults.service import Service, recorded


def test_nul_in_a_reference_loses_nothing(service: Service) -> None:
    """It is left out where a client sent it, and looked for in vain; the database is not away."""
    asked = {
        "comment": {"text": "Too short"},
        "requestedAttributes": {"TOXICITY": {}},
        "communityId": "a\0b",
        "clientToken": "t\0",
    }
    path = "/v1alpha1/comments:analyze"
    assert service.ask("POST", path, asked)[0] in {200, 503}  # it has no models
    assert recorded(service.database)[1] == ["t"]
    for path in ("/v1/decisions/%00", "/v1/decisions/%00/explanation", "/v1/queue?author=%00"):
        assert service.ask("GET", path)[0] in {200, 404, 422}
    assert service.ask("GET", "/readyz")[0] == 200
    assert b"moderation_decisions_lost_total 0.0" in service.ask("GET", "/metrics")[1]
    service.make_key("read")
    assert service.ask("GET", "/v1/queue", key="hr-%00-x")[0] == 401


def test_half_a_surrogate_pair_in_a_name_is_refused(service: Service) -> None:
    """With the dialect's own error, and no comment in the log."""
    body = b'{"comment": {"text": "Secret"}, "requestedAttributes": {"A\\ud800": {}}}'
    status, said = service.ask("POST", "/v1alpha1/comments:analyze", body)
    assert (status, json.loads(said)["error"]["code"]) == (400, 400)
    status, _ = service.ask("POST", "/1.1/verify-key", b'{"api_key": "\\ud800", "blog": "x"}')
    assert status in {200, 400, 401}
    assert "Secret" not in service.said
    assert "Traceback" not in service.said
    assert recorded(service.database)[0] == []
