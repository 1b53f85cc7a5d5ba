"""Keys of 12 digits, for the settings page of Akismet's plug-in for WordPress."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from api import App
from api.record import keys
from api.record.database import writing
from api.record.tables import KeyRow
from api.services import services_of
from tests.api.dialects.conftest import DOUBTFUL, FINE, decided, key

BLOG = "https://herald.example"
WRONG = "0123456789ab"


@pytest.fixture
def short(app: App) -> str:
    """A key of 12 digits. There is an ordinary key too."""
    key(app, "admin")
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        scopes = list(keys.AKISMET_SCOPES)
        return keys.create(session, "herald", scopes, "", decider.clock(), akismet=True)[1]


def send(client: FlaskClient, path: str, secret: str, address: str = "127.0.0.1") -> TestResponse:
    """Send a request as Akismet's plug-in does."""
    form = {"api_key": secret, "key": secret, "blog": BLOG, "comment_content": DOUBTFUL}
    return client.post(path, data=form, environ_base={"REMOTE_ADDR": address})


def test_the_key_decides_and_judges(app: App, client: FlaskClient, short: str) -> None:
    """It has the scopes `decide` and `verdict`, and a form that Akismet's plug-in accepts."""
    assert len(short) == 12
    assert set(short) <= set("0123456789abcdef")
    assert send(client, "/1.1/verify-key", short).data == b"valid"
    assert send(client, "/1.1/comment-check", short).data == b"true"
    assert send(client, "/1.1/submit-ham", short).data.startswith(b"Thanks")
    assert decided(app)[0]["standing"] == "approve"
    assert send(client, "/1.2/key-sites", short).data == b"invalid"


def test_a_new_key_is_checked_and_not_the_old_one(client: FlaskClient, short: str) -> None:
    """If someone enters a new key, the plug-in sends the old one too, as `api_key`."""
    form = {"key": WRONG, "api_key": short, "blog": BLOG}
    for path in ("/1.1/verify-key", "/1.1/get-subscription"):
        assert client.post(path, data=form).data == b"invalid"


def test_other_routes_do_not_accept_it(client: FlaskClient, short: str) -> None:
    """Not even after it was used on Akismet's routes, when the service remembers it."""
    assert send(client, "/1.1/verify-key", short).data == b"valid"
    bearer = {"Authorization": f"Bearer {short}"}
    assert client.post("/v1/moderate", json={"text": FINE}, headers=bearer).status_code == 401
    assert client.get("/v1/queue", headers=bearer).status_code == 401
    analyze: dict[str, Any] = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    answer = client.post(f"/v1alpha1/comments:analyze?key={short}", json=analyze)
    assert answer.status_code == 400
    assert client.post("/v1/moderations", json={"input": FINE}, headers=bearer).status_code == 401


def test_wrong_keys_are_limited_by_address(client: FlaskClient, short: str) -> None:
    """Ten guesses a minute from one address. Other addresses are not affected."""
    guesses = [f"{number:012x}" for number in range(11)]
    answers = [send(client, "/1.1/verify-key", guess, "192.0.2.1") for guess in guesses]
    assert [answer.data for answer in answers[:10]] == [b"invalid"] * 10
    assert answers[10].status_code == 429
    assert send(client, "/1.1/verify-key", short, "192.0.2.1").status_code == 429
    assert send(client, "/1.1/verify-key", short, "192.0.2.2").data == b"valid"


def test_a_revoked_key(app: App, client: FlaskClient, short: str) -> None:
    """It is refused, like every unknown one."""
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        for row in session.scalars(select(KeyRow)):
            keys.revoke(session, row.id, decider.clock())
    assert send(client, "/1.1/verify-key", short).data == b"invalid"


def test_the_database_has_a_slow_hash(app: App, short: str) -> None:
    """A fast hash of 48 random bits would be guessed within hours. `hashlib.scrypt` is slow."""
    with services_of(app).decider.sessions() as session:
        rows = [row for row in keys.listing(session) if row.id.startswith("akis-")]
    assert [keys.check_akismet(session, secret) is not None for secret in (short, WRONG)] == [
        True,
        False,
    ]
    assert short not in rows[0].hash
    assert len(rows[0].hash) == 64


def test_it_has_no_other_scopes(app: App) -> None:
    """A short key must not read the record."""
    decider = services_of(app).decider
    with (
        writing(decider.sessions) as session,
        pytest.raises(ValueError, match="decide and verdict"),
    ):
        keys.create(session, "herald", ["admin"], "", decider.clock(), akismet=True)
