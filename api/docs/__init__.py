"""Serve the OpenAPI document, `/openapi.json`, and `/docs`, a page that shows it."""

from __future__ import annotations

from importlib.resources import files
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, render_template, send_from_directory
from flask_openapi3.openapi import OpenAPI

_SWAGGER = files("flask_openapi3_swagger") / "templates" / "swagger"

docs = Blueprint(
    "docs",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/docs/static",
)


@docs.get("/openapi.json")
def document() -> Response:
    """Return the OpenAPI document."""
    return jsonify(cast(OpenAPI, current_app).api_doc)


@docs.get("/docs")
def page() -> str:
    """Show the OpenAPI document as a page where you can send requests."""
    return render_template("docs/page.html")


@docs.get("/docs/swagger/<path:name>")
def swagger(name: str) -> Response:
    """Return a file of Swagger UI (the program of `/docs`), from the Python package that has it."""
    return send_from_directory(str(_SWAGGER), name, max_age=86_400)
