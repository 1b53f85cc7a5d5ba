"""Characters that databases refuse: NUL in references, lone surrogates in names."""

from __future__ import annotations

import json

from tests.faults.service import Service, recorded


def test_nul_in_a_reference_loses_nothing(service: Service) -> None:
    """The service removes NUL from references. The circuit stays closed."""
    request = {
        "comment": {"text": "Too short"},
        "requestedAttributes": {"TOXICITY": {}},
        "communityId": "a\0b",
        "clientToken": "t\0",
    }
    path = "/v1alpha1/comments:analyze"
    assert service.ask("POST", path, request)[0] in {200, 503}  # it has no models
    assert recorded(service.database)[1] == ["t"]
    for path in ("/v1/decisions/%00", "/v1/decisions/%00/explanation", "/v1/queue?author=%00"):
        assert service.ask("GET", path)[0] in {200, 404, 422}
    assert service.ask("GET", "/readyz")[0] == 200
    assert b"moderation_decisions_lost_total 0.0" in service.ask("GET", "/metrics")[1]
    service.make_key("read")
    assert service.ask("GET", "/v1/queue", key="hr-%00-x")[0] == 401


def test_half_a_surrogate_pair_in_a_name_is_refused(service: Service) -> None:
    """The error has the dialect's format, and the log has no comment text."""
    body = b'{"comment": {"text": "Secret"}, "requestedAttributes": {"A\\ud800": {}}}'
    status, content = service.ask("POST", "/v1alpha1/comments:analyze", body)
    assert (status, json.loads(content)["error"]["code"]) == (400, 400)
    status, _ = service.ask("POST", "/1.1/verify-key", b'{"api_key": "\\ud800", "blog": "x"}')
    assert status in {200, 400, 401}
    assert "Secret" not in service.stderr
    assert "Traceback" not in service.stderr
    assert recorded(service.database)[0] == []
