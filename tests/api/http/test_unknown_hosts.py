"""No answer leads to a host that is not the service's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from api import App
from tests.api.dialects.conftest import key, make

EVIL = "http://evil.example"
PATHS = (
    "/ /try /docs /openapi.json /v1/guidelines /v1//guidelines //evil.example/v1/queue "
    "/v1/queue/ /docs/ /healthz /$discovery/rest /v1/queue /1.1/verify-key /nowhere"
).split()


def app(folder: Path, **settings: str) -> App:
    """Return a service with a key, so that requests may name any host."""
    service = make(folder, MODERATION_TRY_PAGE=True, **settings)
    key(service, "admin")
    return service


def test_an_unknown_host(tmp_path: Path) -> None:
    """It is in no link, no redirect and no document."""
    client = app(tmp_path).test_client()
    for path in PATHS:
        for method in ("GET", "POST"):
            answer = client.open(path, base_url=EVIL, method=method)
            assert "evil.example" not in answer.headers.get("Location", ""), path
            assert "http://evil.example" not in answer.get_data(as_text=True), path
    answer = client.get("/$discovery/rest", base_url=EVIL)
    assert answer.status_code == 421
    assert "MODERATION_PUBLIC_URL" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        ({"MODERATION_PUBLIC_URL": "https://rules.example/"}, "https://rules.example/"),
        ({"MODERATION_ALLOWED_HOSTS": "evil.example"}, f"{EVIL}/"),
    ],
)
def test_a_known_name(tmp_path: Path, settings: dict[str, str], base: str) -> None:
    """The discovery document uses the public URL, or a name that the settings allow."""
    client = app(tmp_path, **settings).test_client()
    document = client.get("/$discovery/rest", base_url=EVIL).get_json()
    assert document["rootUrl"] == base
