"""Share what all routes need to describe themselves in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.http import errors
from api.routes.schemas import ProblemOut

Responses = dict[str | int, type[BaseModel] | dict[Any, Any] | None]


def operation(*, name: str, **_: object) -> str:
    """Return a route's id in the OpenAPI document: the name of its function.

    Generated clients name their functions after this id.
    """
    return name.rpartition(".")[2]


def problems(*statuses: int) -> Responses:
    """Return the descriptions of a route's error responses with these status codes."""
    schema = {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}
    return {
        str(status): {"content": {errors.MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }
