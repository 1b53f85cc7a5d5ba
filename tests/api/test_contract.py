"""The OpenAPI document drives the service: no 500, no answer that the document does not tell."""

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
    """An empty record, open to all."""
    return make(tmp_path_factory.mktemp("contract"), TESTING=False)


def drive(app: App, mode: GenerationMode, examples: int, **known: str) -> None:
    """Send every operation of the document what it allows, or what it forbids."""
    for found in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations():
        assert isinstance(found, Ok), found.err()
        operation = found.ok()
        asked = operation.body or operation.query
        if not (operation.path_parameters if known else asked or mode.is_positive):
            continue  # nothing to put in, or nothing to get wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
        def send(case: schemathesis.Case[Any]) -> None:
            case.path_parameters.update(known)
            case.call_and_validate(checks=CHECKS)

        send()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_told(service: App, mode: GenerationMode) -> None:
    """Whatever the document allows or forbids is sent; what comes back stands in the document."""
    drive(service, mode, 12)


def test_every_answer_about_a_decision_is_told(service: App) -> None:
    """The same with a decision that is there."""
    made = service.test_client().post("/v1/moderate", json={"text": "u idiot"}).get_json()
    drive(service, GenerationMode.POSITIVE, 8, decision_id=made["id"])
