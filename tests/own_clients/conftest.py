"""The same service as the dialects' tests have, behind a real socket."""

from tests.api.dialects.conftest import app, client, url

__all__ = ["app", "client", "url"]
