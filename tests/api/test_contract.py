"""Generated requests: every answer is as the OpenAPI document says, and none is a 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import App
from tests.api.routes.test_record import make

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> App:
    """Return an app with an empty record and no key."""
    return make(tmp_path_factory.mktemp("contract"), TESTING=False)


def drive(app: App, mode: GenerationMode, examples: int, **path: str) -> None:
    """Send valid or invalid requests to every operation of the document.

    With values for `path`, only operations with parameters in their path are called.
    """
    for result in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations():
        assert isinstance(result, Ok), result.err()
        operation = result.ok()
        has_input = operation.body or operation.query
        if not (operation.path_parameters if path else has_input or mode.is_positive):
            continue  # an operation without input cannot get an invalid request

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
        def send(case: schemathesis.Case[Any]) -> None:
            case.path_parameters.update(path)
            case.call_and_validate(checks=CHECKS)

        send()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_documented(service: App, mode: GenerationMode) -> None:
    """Valid and invalid requests get answers that the document describes."""
    drive(service, mode, 12)


def test_every_answer_about_a_decision_is_documented(service: App) -> None:
    """The same holds for routes about a decision that exists."""
    decision = service.test_client().post("/v1/moderate", json={"text": "u idiot"}).get_json()
    drive(service, GenerationMode.POSITIVE, 8, decision_id=decision["id"])
