"""The Akismet API, used by its Python client, like Coral and WordPress, and directly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import akismet
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api import App
from api.dialects.akismet import THANKS
from api.services import services_of
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, SPAM, decided, key, make

BLOG = "https://herald.example"
WORDPRESS = {"User-Agent": "WordPress/6.8 | Akismet/5.5"}


def check(client: FlaskClient, text: str, agent: dict[str, str] | None = None, **more: Any) -> Any:
    """Check a comment and return the answer."""
    form = {"blog": BLOG, "user_ip": "127.0.0.1", "comment_content": text, **more}
    answer = client.post("/1.1/comment-check", data=form, headers=agent or {})
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    return answer


def identified(answer: TestResponse) -> None:
    """Check for the header without which WordPress's plug-in publishes a comment."""
    assert len(answer.headers["X-akismet-guid"]) == 32


def clean(answer: TestResponse) -> None:
    """Check that there are no error headers, on which some clients raise an exception."""
    assert not {"X-akismet-debug-help", "X-akismet-alert-code"} & {*answer.headers.keys()}


@pytest.mark.parametrize(
    ("text", "body", "tip"),
    [
        pytest.param(FINE, b"false", None, id="a harmless comment"),
        pytest.param(REJECTED, b"true", None, id="abuse is held back, but not discarded"),
        pytest.param(SPAM, b"true", "discard", id="certain spam may be discarded"),
        pytest.param(DOUBTFUL, b"true", None, id="a doubtful comment is held back"),
    ],
)
def test_a_comment(client: FlaskClient, text: str, body: bytes, tip: str | None) -> None:
    """The answer is exactly 'true' or 'false', with the decision's id."""
    answer = check(client, text)
    assert answer.data == body
    assert answer.headers.get("X-akismet-pro-tip") == tip
    identified(answer)
    clean(answer)


def test_wordpress_waits_for_a_person(app: App, client: FlaskClient) -> None:
    """WordPress keeps a doubtful comment pending. A recheck gets the moderator's verdict."""
    first = check(client, DOUBTFUL, WORDPRESS)
    assert (first.data, first.headers["X-akismet-error"]) == (b"false", "waits for a person")
    assert "X-akismet-recheck-after" not in first.headers
    assert check(client, DOUBTFUL, WORDPRESS, recheck_reason="recheck_queue").data == b"false"
    verdict = {"action": "reject", "who": "asha"}
    path = f"/v1/decisions/{first.headers['X-akismet-guid']}/verdict"
    assert client.post(path, json=verdict).status_code == 200
    again = check(client, DOUBTFUL, WORDPRESS, recheck_reason="recheck_queue")
    assert again.data == b"true"
    assert "X-akismet-error" not in again.headers
    assert len(decided(app)) == 1


@pytest.mark.parametrize(
    ("sent", "agent", "more", "text"),
    [
        pytest.param(r"It\'s \"so\".", WORDPRESS, {}, 'It\'s "so".', id="a new comment"),
        pytest.param(r"It's C:\new.", WORDPRESS, {}, r"It's C:\new.", id="not from addslashes"),
        pytest.param(
            r"It is C:\\new.",
            WORDPRESS,
            {"recheck_reason": "recheck_queue"},
            r"It is C:\\new.",
            id="from WordPress's database",
        ),
        pytest.param(
            r"It is C:\\new.",
            WORDPRESS,
            {"REQUEST_URI": "/wp-json/wp/v2/comments"},
            r"It is C:\\new.",
            id="by the REST API",
        ),
        pytest.param(r"It\'s so.", {}, {}, r"It\'s so.", id="another client"),
    ],
)
def test_slashes(
    app: App,
    client: FlaskClient,
    sent: str,
    agent: dict[str, str],
    more: dict[str, str],
    text: str,
) -> None:
    """The backslashes that WordPress puts before quotes are not the author's."""
    check(client, sent, agent, **more)
    assert [row["text"] for row in decided(app)] == [text]


def test_what_the_settings_page_asks(client: FlaskClient) -> None:
    """WordPress's plug-in keeps a key only with an active account, and shows statistics."""
    for text in (FINE, REJECTED, DOUBTFUL):
        check(client, text)
    answer = check(client, f"{FINE} It cost little.")
    verdict = {"action": "reject", "who": "asha"}
    path = f"/v1/decisions/{answer.headers['X-akismet-guid']}/verdict"
    assert client.post(path, json=verdict).status_code == 200

    def ask(path: str, **form: str) -> TestResponse:
        return client.post(path, data={"key": "any", "blog": BLOG, **form})

    assert ask("/1.1/get-subscription").get_json()["status"] == "active"
    for period in ("60-days", "6-months", "all"):
        assert ask("/1.1/get-stats", **{"from": period}).get_json() == {
            "spam": 2,
            "ham": 2,
            "missed_spam": 1,
            "false_positives": 0,
            "accuracy": 75.0,
            "time_saved": 0,
        }
    assert ask("/1.1/get-stats", blog="https://other.example").get_json()["accuracy"] == 100
    assert ask("/1.1/token").data == b""
    assert ask("/1.1/deactivate").data == b"deactivated"
    assert client.get("/1.1/test").data == b"connected"
    assert client.get("/1.2/compatible-plugins").get_json() == []


def test_the_standing_action_needs_no_query(app: App, client: FlaskClient) -> None:
    """The lookup of an earlier decision reads it. A first check does not ask for it."""
    statements: list[str] = []
    sa.event.listen(
        services_of(app).engine,
        "before_cursor_execute",
        lambda _, __, statement, *___: statements.append(statement),
    )
    check(client, DOUBTFUL)
    check(client, DOUBTFUL)
    assert not [text for text in statements if text.startswith("SELECT decisions.standing")]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"recheck_reason": "retry"}, id="a retry after an error"),
        pytest.param({"REQUEST_URI": "/wp-json/wp/v2/comments"}, id="the REST API"),
        pytest.param(
            {"REQUEST_URI": "/?rest_route=%2Fwp%2Fv2%2Fcomments"},
            id="the REST API, by query",
        ),
    ],
)
def test_where_wordpress_does_not_wait(client: FlaskClient, more: dict[str, str]) -> None:
    """WordPress would publish on `false`, so a doubtful comment gets `true`."""
    answer = check(client, DOUBTFUL, WORDPRESS, **more)
    assert (answer.data, answer.headers.get("X-akismet-pro-tip")) == (b"true", None)
    assert check(client, FINE, WORDPRESS, **more).data == b"false"


def test_an_error_where_wordpress_does_not_wait(client: FlaskClient) -> None:
    """With the REST API, WordPress publishes on any answer but `true`."""
    more: dict[str, Any] = {"REQUEST_URI": "/wp-json/wp/v2/comments"}
    answer = check(client, "x" * 20_481, WORDPRESS, **more)
    assert (answer.data, "X-akismet-error" in answer.headers) == (b"true", False)
    assert answer.headers["X-akismet-debug-help"].startswith("comment_content: is 20,481 bytes")
    identified(answer)
    assert check(client, "x" * 20_481, **more).data == b"invalid"


def test_only_wordpress_sends_html(client: FlaskClient) -> None:
    """In other clients' comments, text between '<' and '>' counts."""
    assert check(client, f"{FINE} <idiot you>", WORDPRESS).data == b"false"
    assert check(client, f"{FINE} <You are an idiot>").data == b"true"


@pytest.mark.parametrize("author", ["akismet-guaranteed-spam", "viagra-test-123"])
def test_test_rules(app: App, client: FlaskClient, author: str) -> None:
    """Test authors are always spam, administrators never. Nothing is recorded."""
    spam = check(client, FINE, comment_author=author)
    assert (spam.data, spam.headers.get("X-akismet-pro-tip")) == (b"true", None)
    tip = check(client, FINE, comment_author=author, test_discard="1")
    assert tip.headers["X-akismet-pro-tip"] == "discard"
    mail = check(client, FINE, comment_author_email="akismet-guaranteed-spam@example.com")
    assert mail.data == b"true"
    assert check(client, REJECTED, user_role="administrator").data == b"false"
    assert decided(app) == []


def test_a_test_leaves_no_trace(app: App, client: FlaskClient) -> None:
    """With is_test, comments are decided but not recorded, and verdicts are ignored."""
    assert check(client, REJECTED, is_test="1").data == b"true"
    form = {"comment_content": FINE, "is_test": "true"}
    assert client.post("/1.1/submit-spam", data=form).data == THANKS.encode()
    assert decided(app) == []


def test_the_fields_are_recorded(app: App, client: FlaskClient) -> None:
    """The mail address is the author, and the permalink the article."""
    check(client, FINE, comment_author_email="Ravi@Example.com", permalink=f"{BLOG}/bridge")
    (decision,) = decided(app)
    fields = [decision[name] for name in ("route", "author", "article", "text")]
    assert tuple(fields) == (
        "akismet",
        "ravi@example.com",
        f"{BLOG}/bridge",
        FINE,
    )


def test_an_author_can_be_erased(app: App, client: FlaskClient) -> None:
    """Erasing by mail address covers one site or all."""
    for site in (BLOG, "https://other.example"):
        check(client, FINE, blog=site, comment_author_email="ravi@example.com")
    request = {"author": "ravi@example.com", "community": BLOG}
    assert client.post("/v1/erase", json=request).get_json()["erased"] == 1
    assert client.post("/v1/erase", json={"author": "ravi@example.com"}).get_json()["erased"] == 1
    assert {decision["text"] for decision in decided(app)} == {None}


@pytest.mark.parametrize(
    ("kind", "text", "action", "standing"),
    [("spam", FINE, "approve", "reject"), ("ham", REJECTED, "reject", "approve")],
)
def test_a_submission_is_a_verdict(
    app: App, client: FlaskClient, kind: str, text: str, action: str, standing: str
) -> None:
    """The verdict belongs to the comment's decision, also if the client leaves out the site."""
    check(client, text, permalink="p", comment_author="ravi")
    sent = {"comment_content": text, "permalink": "p", "comment_author": "ravi"}
    for more in ({"blog": BLOG}, {}):
        assert client.post(f"/1.1/submit-{kind}", data={**sent, **more}).data == THANKS.encode()
    (decision,) = decided(app)
    verdicts = decision["history"]["verdicts"]
    assert (decision["action"], decision["standing"]) == (action, standing)
    assert [verdict["route"] for verdict in verdicts] == [f"submit-{kind}"] * 2
    assert verdicts[0]["who"] == "akismet:anyone on this machine"


def test_an_unknown_comment_becomes_a_labelled_one(app: App, client: FlaskClient) -> None:
    """A submission about an unknown comment records a decision and a verdict."""
    sent = {"comment_content": FINE, "blog": BLOG}
    assert client.post("/1.1/submit-spam", data=sent).data == THANKS.encode()
    assert client.get("/1.2/usage-limit").get_json()["usage"] == 0
    (decision,) = decided(app)
    assert (decision["action"], decision["standing"]) == ("approve", "reject")
    assert decision["text"] == FINE
    assert decision["route"] == "submit-spam"


def test_coral_submits_json_on_the_keys_own_host(app: App, client: FlaskClient) -> None:
    """Coral sends JSON without a blog, and the key in the host name in lower case."""
    secret = key(app, "decide", "verdict")
    host = {"Host": f"{secret.lower()}.rest.akismet.com"}
    sent = {"user_ip": "1.2.3.4", "comment_content": FINE, "comment_author": "ravi"}
    checked = client.post("/1.1/comment-check", data={**sent, "blog": BLOG}, headers=host)
    assert checked.data == b"false"
    answer = client.post("/1.1/submit-spam", json={**sent, "is_test": False}, headers=host)
    assert (answer.data, answer.status_code) == (THANKS.encode(), 200)
    clean(answer)
    (decision,) = decided(app)
    assert decision["standing"] == "reject"


@pytest.fixture
def official(app: App, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[akismet.SyncClient]:
    """The Python client, with only the address changed."""
    monkeypatch.setattr("akismet._common._API_URL", url)
    config = akismet.Config(key(app, "decide", "verdict", "read"), BLOG)
    with akismet.SyncClient(config) as client:
        yield client


def test_the_python_client(official: akismet.SyncClient) -> None:
    """The client checks and submits comments, and reads the usage."""
    results = [official.comment_check("1.2.3.4", comment_content=text) for text in (FINE, DOUBTFUL)]
    assert results == [akismet.CheckResponse.HAM, akismet.CheckResponse.SPAM]
    assert official.comment_check("1.2.3.4", comment_content=SPAM) == akismet.CheckResponse.DISCARD
    assert official.submit_spam("1.2.3.4", comment_content=FINE)
    assert official.submit_ham("1.2.3.4", comment_content=DOUBTFUL)
    assert official.usage_limit() == {
        "limit": "none",
        "usage": 3,
        "percentage": "0.00",
        "throttled": False,
    }
    with pytest.raises(akismet.APIKeyError):
        official.key_sites()  # it sends no key with this request


def test_key_sites(app: App, client: FlaskClient) -> None:
    """The answer has each site's counts in a month, as JSON or CSV."""
    for text in (FINE, DOUBTFUL, SPAM):
        check(client, text)
    check(client, FINE, blog="https://other.example/")
    for kind, text in (("spam", FINE), ("ham", DOUBTFUL)):
        client.post(f"/1.1/submit-{kind}", data={"comment_content": text, "blog": BLOG})
    query = {"api_key": key(app, "read"), "format": "json"}
    answer = client.get("/1.2/key-sites", query_string=query).get_json()
    sites = answer[f"{dt.datetime.now(dt.UTC):%Y-%m}"]
    assert sites[0] == {
        "site": BLOG,
        "api_calls": "3",
        "spam": "2",
        "ham": "1",
        "missed_spam": "1",
        "false_positives": "1",
        "is_revoked": False,
    }
    assert [site["site"] for site in sites] == [BLOG, "https://other.example"]
    table = client.post("/1.2/key-sites", data={**query, "format": "csv", "filter": "herald"})
    assert table.get_data(as_text=True).splitlines()[2:] == [f"{BLOG},3,2,1,1,1,false"]
    none = client.post("/1.2/key-sites", data={**query, "month": "2020-01"}).get_json()
    assert (none["2020-01"], none["total"]) == ([], 0)


def test_the_python_client_with_a_wrong_key(
    app: App, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once there is a key, the client reports a wrong key."""
    key(app, "decide")
    monkeypatch.setattr("akismet._common._API_URL", url)
    config = akismet.Config("wrong", BLOG)
    with pytest.raises(akismet.APIKeyError):
        akismet.SyncClient.validated_client(config)
    with pytest.raises(akismet.APIKeyError):
        akismet.SyncClient(config).comment_check("1.2.3.4", comment_content=FINE)


@pytest.mark.parametrize("name", ["key", "api_key"])
def test_verify_key(app: App, client: FlaskClient, name: str) -> None:
    """The key has two names. It is valid only with the scope 'decide'."""
    for secret, body in (
        (key(app, "decide"), b"valid"),
        (key(app, "verdict"), b"invalid"),
        ("hr-0-0", b"invalid"),
    ):
        answer = client.post("/1.1/verify-key", data={name: secret, "blog": BLOG})
        assert (answer.data, answer.status_code) == (body, 200)
        identified(answer)


@pytest.mark.parametrize(
    ("path", "form", "message"),
    [
        ("1.1/verify-key", {"key": "a"}, 'Empty "blog" value'),
        ("1.1/comment-check", {"comment_content": "a"}, 'Empty "blog" value'),
        ("1.1/comment-check", {"blog": BLOG}, 'Empty "comment_content" value'),
        ("1.1/comment-check", {"blog": BLOG, "comment_content": " "}, "Empty"),
        (
            "1.1/comment-check",
            {"blog": BLOG, "comment_content": "x" * 20_481},
            "comment_content: is 20,481 bytes long; the limit is 20,480",
        ),
        ("1.1/submit-ham", {}, 'Empty "comment_content" value'),
        ("1.2/key-sites", {"month": "soon"}, "month: must be"),
        ("1.2/key-sites", {"month": "9999-12"}, "month: must be"),
        ("1.2/key-sites", {"limit": "-1"}, "limit: must be"),
    ],
)
def test_bad_input(client: FlaskClient, path: str, form: dict[str, str], message: str) -> None:
    """The answer is 'invalid', with the error in Akismet's header."""
    answer = client.post(path, data=form)
    assert (answer.data, answer.status_code) == (b"invalid", 200)
    assert answer.headers["X-akismet-debug-help"].startswith(message)
    identified(answer)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"a" * 5_000_000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "text/plain"),
    ],
)
def test_not_a_request(client: FlaskClient, data: bytes, kind: str) -> None:
    """The answer is 'invalid' with status 200, because clients read only the body."""
    answer = client.post("/1.1/comment-check", data=data, content_type=kind)
    assert (answer.data, answer.status_code) == (b"invalid", 200)
    identified(answer)


def test_nul_and_half_characters_do_not_reach_the_database(app: App, client: FlaskClient) -> None:
    """They are removed from the fields around the comment."""
    for more in ({"comment_author_email": "a\0@b.c\ud800"}, {"blog": f"{BLOG}\0"}):
        sent = {"blog": BLOG, "comment_content": FINE, **more}
        assert client.post("/1.1/comment-check", json=sent).data == b"false"
    assert len(decided(app)) == 2


def test_over_the_rate(app: App, client: FlaskClient) -> None:
    """The answer is an HTTP error, on which WordPress keeps the comment pending."""
    secret = key(app, "decide", rate="1 per hour")
    form = {"api_key": secret, "blog": BLOG, "comment_content": FINE}
    assert client.post("/1.1/comment-check", data=form).data == b"false"
    answer = client.post("/1.1/comment-check", data=form)
    assert (answer.status_code, answer.headers["X-akismet-error"]) == (429, "429")
    assert "Retry-After" in answer.headers
    identified(answer)


def test_the_record_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments are still decided. A verdict cannot be recorded, so the answer is 503."""
    app = make(tmp_path)
    client = app.test_client()

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(services_of(app).decider, "sessions", away)
    assert check(client, REJECTED).data == b"true"
    answer = client.post("/1.1/submit-spam", data={"comment_content": FINE})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    identified(answer)
    assert client.post("/1.2/usage-limit").status_code == 503


def test_a_failure(app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is neither 'true' nor 'false', and does not quote the text."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(FINE)

    monkeypatch.setattr(services_of(app).decider, "decide", broken)
    answer = client.post("/1.1/comment-check", data={"blog": BLOG, "comment_content": FINE})
    assert answer.status_code == 500
    identified(answer)
    assert FINE not in answer.get_data(as_text=True)
