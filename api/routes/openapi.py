"""What the routes share in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.http import errors
from api.routes.schemas import ProblemOut

Responses = dict[str | int, type[BaseModel] | dict[Any, Any] | None]


def operation(*, name: str, **_: object) -> str:
    """Return the operation id of a route: its function's name, which generated clients use."""
    return name.rpartition(".")[2]


def problems(*statuses: int) -> Responses:
    """Return the error responses of a route."""
    schema = {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}
    return {
        str(status): {"content": {errors.MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }
