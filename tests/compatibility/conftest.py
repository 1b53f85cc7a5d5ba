"""Fixtures: the service of the dialects' tests, behind a real socket."""

from tests.api.dialects.conftest import app, client, url

__all__ = ["app", "client", "url"]
