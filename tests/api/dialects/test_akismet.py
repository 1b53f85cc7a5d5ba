"""Akismet, asked by its Python client, as Coral and WordPress ask, and by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import akismet
import pytest
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
    """The answer about a comment."""
    form = {"blog": BLOG, "user_ip": "127.0.0.1", "comment_content": text, **more}
    answer = client.post("/1.1/comment-check", data=form, headers=agent or {})
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    return answer


def identified(answer: TestResponse) -> None:
    """WordPress's plug-in publishes a comment on an answer without this header."""
    assert len(answer.headers["X-akismet-guid"]) == 32


def clean(answer: TestResponse) -> None:
    """What is no error must not look like one: some clients raise for the header alone."""
    assert not {"X-akismet-debug-help", "X-akismet-alert-code"} & {*answer.headers.keys()}


@pytest.mark.parametrize(
    ("text", "body", "tip"),
    [
        pytest.param(FINE, b"false", None, id="a harmless comment"),
        pytest.param(REJECTED, b"true", None, id="abuse is kept back, but not discarded"),
        pytest.param(SPAM, b"true", "discard", id="certain spam may be discarded"),
        pytest.param(DOUBTFUL, b"true", None, id="a doubtful one is kept back"),
    ],
)
def test_a_comment(client: FlaskClient, text: str, body: bytes, tip: str | None) -> None:
    """Exactly 'true' or 'false', and the decision's id."""
    answer = check(client, text)
    assert answer.data == body
    assert answer.headers.get("X-akismet-pro-tip") == tip
    identified(answer)
    clean(answer)


def test_wordpress_waits_for_a_person(app: App, client: FlaskClient) -> None:
    """A doubtful comment stays pending there; asked again, it is what a person said."""
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
    "more",
    [
        pytest.param({"recheck_reason": "retry"}, id="asked again after an error"),
        pytest.param({"REQUEST_URI": "/wp-json/wp/v2/comments"}, id="by the REST API"),
        pytest.param({"REQUEST_URI": "/?rest_route=%2Fwp%2Fv2%2Fcomments"}, id="without links"),
    ],
)
def test_where_wordpress_does_not_wait(client: FlaskClient, more: dict[str, str]) -> None:
    """It would publish what it is told `false` of, so a doubtful comment is spam to it."""
    answer = check(client, DOUBTFUL, WORDPRESS, **more)
    assert (answer.data, answer.headers.get("X-akismet-pro-tip")) == (b"true", None)
    assert check(client, FINE, WORDPRESS, **more).data == b"false"


def test_an_error_where_wordpress_does_not_wait(client: FlaskClient) -> None:
    """By the REST API WordPress publishes what it is told of with anything but `true`."""
    more: dict[str, Any] = {"REQUEST_URI": "/wp-json/wp/v2/comments"}
    answer = check(client, "x" * 20_481, WORDPRESS, **more)
    assert (answer.data, "X-akismet-error" in answer.headers) == (b"true", False)
    assert answer.headers["X-akismet-debug-help"].startswith("comment_content: is 20,481 bytes")
    identified(answer)
    assert check(client, "x" * 20_481, **more).data == b"invalid"


def test_html_is_wordpress_own(client: FlaskClient) -> None:
    """Its comments are HTML; elsewhere what stands between '<' and '>' is read too."""
    assert check(client, f"{FINE} <idiot you>", WORDPRESS).data == b"false"
    assert check(client, f"{FINE} <You are an idiot>").data == b"true"


@pytest.mark.parametrize("author", ["akismet-guaranteed-spam", "viagra-test-123"])
def test_test_rules(app: App, client: FlaskClient, author: str) -> None:
    """The names that are always spam, and the administrator who never is; nothing is kept."""
    spam = check(client, FINE, comment_author=author)
    assert (spam.data, spam.headers.get("X-akismet-pro-tip")) == (b"true", None)
    tip = check(client, FINE, comment_author=author, test_discard="1")
    assert tip.headers["X-akismet-pro-tip"] == "discard"
    mail = check(client, FINE, comment_author_email="akismet-guaranteed-spam@example.com")
    assert mail.data == b"true"
    assert check(client, REJECTED, user_role="administrator").data == b"false"
    assert decided(app) == []


def test_a_test_leaves_no_trace(app: App, client: FlaskClient) -> None:
    """With is_test the comment is judged, and nothing kept; nor of what is submitted."""
    assert check(client, REJECTED, is_test="1").data == b"true"
    form = {"comment_content": FINE, "is_test": "true"}
    assert client.post("/1.1/submit-spam", data=form).data == THANKS.encode()
    assert decided(app) == []


def test_what_is_known_is_kept(app: App, client: FlaskClient) -> None:
    """The site is the community, the mail the author, the link the article."""
    check(client, FINE, comment_author_email="Ravi@Example.com", permalink=f"{BLOG}/bridge")
    (kept,) = decided(app)
    assert (kept["route"], kept["author"], kept["article"], kept["text"]) == (
        "akismet",
        "ravi@example.com",
        f"{BLOG}/bridge",
        FINE,
    )


def test_an_author_is_forgotten(app: App, client: FlaskClient) -> None:
    """By the mail address, on whatever site; or on one alone."""
    for site in (BLOG, "https://other.example"):
        check(client, FINE, blog=site, comment_author_email="ravi@example.com")
    forget = {"author": "ravi@example.com", "community": BLOG}
    assert client.post("/v1/erase", json=forget).get_json() == {"erased": 1}
    assert client.post("/v1/erase", json={"author": "ravi@example.com"}).get_json()["erased"] == 1
    assert {one["text"] for one in decided(app)} == {None}


@pytest.mark.parametrize(
    ("kind", "text", "was", "now"),
    [("spam", FINE, "approve", "reject"), ("ham", REJECTED, "reject", "approve")],
)
def test_a_submission_is_a_verdict(
    app: App, client: FlaskClient, kind: str, text: str, was: str, now: str
) -> None:
    """On the decision that was made, whether the client says which site it was or not."""
    check(client, text, permalink="p", comment_author="ravi")
    sent = {"comment_content": text, "permalink": "p", "comment_author": "ravi"}
    for more in ({"blog": BLOG}, {}):
        assert client.post(f"/1.1/submit-{kind}", data={**sent, **more}).data == THANKS.encode()
    (kept,) = decided(app)
    assert (kept["action"], kept["standing"]) == (was, now)
    assert [one["route"] for one in kept["history"]["verdicts"]] == [f"submit-{kind}"] * 2
    assert kept["history"]["verdicts"][0]["who"] == "akismet:anyone on this machine"


def test_an_unknown_comment_becomes_a_labelled_one(app: App, client: FlaskClient) -> None:
    """What was never checked here is decided, kept and labelled, for training to learn from."""
    sent = {"comment_content": FINE, "blog": BLOG}
    assert client.post("/1.1/submit-spam", data=sent).data == THANKS.encode()
    assert client.get("/1.2/usage-limit").get_json()["usage"] == 0
    (kept,) = decided(app)
    assert (kept["action"], kept["standing"], kept["text"]) == ("approve", "reject", FINE)
    assert kept["route"] == "submit-spam"


def test_coral_submits_json_on_the_keys_own_host(app: App, client: FlaskClient) -> None:
    """As its source does: JSON without a blog; the key is in the host, in small letters."""
    secret = key(app, "decide", "verdict")
    host = {"Host": f"{secret.lower()}.rest.akismet.com"}
    sent = {"user_ip": "1.2.3.4", "comment_content": FINE, "comment_author": "ravi"}
    checked = client.post("/1.1/comment-check", data={**sent, "blog": BLOG}, headers=host)
    assert checked.data == b"false"
    answer = client.post("/1.1/submit-spam", json={**sent, "is_test": False}, headers=host)
    assert (answer.data, answer.status_code) == (THANKS.encode(), 200)
    clean(answer)
    (kept,) = decided(app)
    assert kept["standing"] == "reject"


@pytest.fixture
def official(app: App, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[akismet.SyncClient]:
    """The Python client, given another address and nothing else."""
    monkeypatch.setattr("akismet._common._API_URL", url)
    config = akismet.Config(key(app, "decide", "verdict", "read"), BLOG)
    with akismet.SyncClient(config) as client:
        yield client


def test_the_python_client(official: akismet.SyncClient) -> None:
    """Checks, submits, and reads what was used."""
    seen = [official.comment_check("1.2.3.4", comment_content=text) for text in (FINE, DOUBTFUL)]
    assert seen == [akismet.CheckResponse.HAM, akismet.CheckResponse.SPAM]
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
        official.key_sites()  # it sends no key with this one


def test_key_sites(app: App, client: FlaskClient) -> None:
    """Every site's month: what was checked, kept back, and got wrong; as JSON and as a table."""
    for text in (FINE, DOUBTFUL, SPAM):
        check(client, text)
    check(client, FINE, blog="https://other.example/")
    for kind, text in (("spam", FINE), ("ham", DOUBTFUL)):
        client.post(f"/1.1/submit-{kind}", data={"comment_content": text, "blog": BLOG})
    asked = {"api_key": key(app, "read"), "format": "json"}
    answer = client.get("/1.2/key-sites", query_string=asked).get_json()
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
    table = client.post("/1.2/key-sites", data={**asked, "format": "csv", "filter": "herald"})
    assert table.get_data(as_text=True).splitlines()[2:] == [f"{BLOG},3,2,1,1,1,false"]
    none = client.post("/1.2/key-sites", data={**asked, "month": "2020-01"}).get_json()
    assert (none["2020-01"], none["total"]) == ([], 0)


def test_the_python_client_with_a_wrong_key(
    app: App, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that the key is wrong, as soon as there is a key."""
    key(app, "decide")
    monkeypatch.setattr("akismet._common._API_URL", url)
    config = akismet.Config("wrong", BLOG)
    with pytest.raises(akismet.APIKeyError):
        akismet.SyncClient.validated_client(config)
    with pytest.raises(akismet.APIKeyError):
        akismet.SyncClient(config).comment_check("1.2.3.4", comment_content=FINE)


@pytest.mark.parametrize("name", ["key", "api_key"])
def test_verify_key(app: App, client: FlaskClient, name: str) -> None:
    """Under both its names; a key that may not decide is not valid."""
    for secret, body in (
        (key(app, "decide"), b"valid"),
        (key(app, "verdict"), b"invalid"),
        ("hr-0-0", b"invalid"),
    ):
        answer = client.post("/1.1/verify-key", data={name: secret, "blog": BLOG})
        assert (answer.data, answer.status_code) == (body, 200)
        identified(answer)


@pytest.mark.parametrize(
    ("path", "form", "said"),
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
def test_bad_input(client: FlaskClient, path: str, form: dict[str, str], said: str) -> None:
    """'invalid', and what is wrong in the header where Akismet says it."""
    answer = client.post(path, data=form)
    assert (answer.data, answer.status_code) == (b"invalid", 200)
    assert answer.headers["X-akismet-debug-help"].startswith(said)
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
    """Nor is anything else an HTTP error, for its clients read the body alone."""
    answer = client.post("/1.1/comment-check", data=data, content_type=kind)
    assert (answer.data, answer.status_code) == (b"invalid", 200)
    identified(answer)


def test_nul_and_half_characters_do_not_reach_the_database(app: App, client: FlaskClient) -> None:
    """They are taken out of what is known around the comment."""
    for more in ({"comment_author_email": "a\0@b.c\ud800"}, {"blog": f"{BLOG}\0"}):
        sent = {"blog": BLOG, "comment_content": FINE, **more}
        assert client.post("/1.1/comment-check", json=sent).data == b"false"
    assert len(decided(app)) == 2


def test_over_the_rate(app: App, client: FlaskClient) -> None:
    """An HTTP error: WordPress then keeps the comment pending."""
    secret = key(app, "decide", rate="1 per hour")
    form = {"api_key": secret, "blog": BLOG, "comment_content": FINE}
    assert client.post("/1.1/comment-check", data=form).data == b"false"
    answer = client.post("/1.1/comment-check", data=form)
    assert (answer.status_code, answer.headers["X-akismet-error"]) == (429, "429")
    assert "Retry-After" in answer.headers
    identified(answer)


def test_the_record_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments are decided still; a verdict would be lost, so its sender is told to come again."""
    app = make(tmp_path)
    client = app.test_client()

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception())

    keeper = services_of(app).decider
    monkeypatch.setattr(keeper, "sessions", away)
    assert check(client, REJECTED).data == b"true"
    answer = client.post("/1.1/submit-spam", data={"comment_content": FINE})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    identified(answer)
    assert client.post("/1.2/usage-limit").status_code == 503


def test_a_failure(app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither 'true' nor 'false', and holds nothing of the text."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(FINE)

    monkeypatch.setattr(services_of(app).decider, "decide", broken)
    answer = client.post("/1.1/comment-check", data={"blog": BLOG, "comment_content": FINE})
    assert answer.status_code == 500
    identified(answer)
    assert FINE not in answer.get_data(as_text=True)
