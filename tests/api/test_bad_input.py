"""Every request gets a decision, or a 4xx that names the field. Never a 500."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api import create_app
from api.http.body import parse
from api.http.errors import Problem
from api.routes.schemas import CommentIn
from moderation import Comment, Decision, Moderator
from tests.api.conftest import small_moderator

JSON = "application/json"


def send(client: FlaskClient, body: bytes | str, content_type: str | None = JSON) -> TestResponse:
    """Send a request with exactly this body."""
    return client.post("/v1/moderate", data=body, content_type=content_type)


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    """Return the problem, after checking its fields."""
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.data)
    assert problem["status"] == status
    assert all(problem[key] for key in ("type", "title", "detail"))
    return problem


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ('{"text": ""}', "/text", "is empty"),
        ('{"text": " \\n\\u3000"}', "/text", "is empty"),
        ('{"text": null}', "/text", "must be a string, not null"),
        ('{"text": 5}', "/text", "must be a string, not a number"),
        ('{"text": true}', "/text", "must be a string, not a boolean"),
        ('{"text": ["a"]}', "/text", "must be a string, not an array"),
        ('{"text": {"a": 1}}', "/text", "must be a string, not an object"),
        ("{}", "/text", "is missing"),
        ('{"text": "\\ud800"}', "/text", "half a surrogate pair"),
        ('{"text": "a\\u0000b"}', "/text", "NUL character at position 1"),
        (json.dumps({"text": "x" * 20_481}), "/text", "20,481 bytes long; the limit is 20,480"),
        (json.dumps({"text": "न" * 6_827}), "/text", "20,481 bytes long; the limit is 20,480"),
        ('{"text": "a", "txet": "b"}', "/txet", "is not a known field"),
        ('{"text": "a", "a/b~c": 1}', "/a~1b~0c", "is not a known field"),
        ('{"text": "a", "\\ud800": 1}', "", "half a surrogate pair"),
        ('{"text": "a", "id": 7}', "/id", "must be a string, not a number"),
        ('{"text": "a", "author": "\\udfff"}', "/author", "half a surrogate pair"),
        ('{"text": "a", "parent": "\\u0000"}', "/parent", "NUL character"),
        (json.dumps({"text": "a", "id": "x" * 501}), "/id", "must have at most 500 characters"),
        ('{"text": "a", "format": "markdown"}', "/format", "'plain' or 'html'"),
        ('{"text": "a", "dry_run": "yes"}', "/dry_run", "must be a valid boolean"),
        ("[]", "", "must be an object"),
        ('"text"', "", "must be an object"),
        ('"{\\"text\\": \\"JSON in JSON\\"}"', "", "must be an object"),
        ("null", "", "must be an object"),
    ],
    ids=lambda value: value[:32],
)
def test_a_field_that_cannot_be_used(
    client: FlaskClient, body: str, pointer: str, detail: str
) -> None:
    """The response is 422, with a pointer to the field and an explanation."""
    (mistake,) = refused(send(client, body), 422)["errors"]
    assert mistake["pointer"] == pointer
    assert detail in mistake["detail"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"text": "a",}', "line 1, column"),
        (b'{"text": "a"} more', "not JSON"),
        (b'{"text": "\n"}', "not JSON"),
        (b'{"text": "\xff"}', "not UTF-8 (byte 10)"),
        ('{"text": "a"}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 9_000, "nested too deeply"),
        (b"[" * 100_000, "more than 20,000 names and values"),
        (b'{"text":' * 9_000, "nested too deeply"),
        (b'{"text": ' + b"9" * 5_000 + b"}", "too long"),
        (b'{"text": "a", "x": NaN}', "NaN is not a number"),
        (b'{"text": "a", "x": -Infinity}', "-Infinity is not a number"),
        (b'{"text": "a", "text": "b"}', "'text' occurs twice"),
        (json.dumps(dict.fromkeys(map(str, range(9_000)))).encode(), "has 9,000 names"),
    ],
    ids=lambda value: str(value)[:32],
)
def test_a_body_that_is_not_json(client: FlaskClient, body: bytes, detail: str) -> None:
    """The response is 400, and says where the error is."""
    assert detail in refused(send(client, body), 400)["detail"]


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_another_content_type(client: FlaskClient, content_type: str | None) -> None:
    """The response is 415, and names the right content type."""
    detail = refused(send(client, '{"text": "a"}', content_type), 415)["detail"]
    assert "application/json" in detail


def test_variants_of_json_are_accepted(client: FlaskClient) -> None:
    """A charset, a media type with a suffix and a byte order mark are accepted."""
    for content_type in ("application/json; charset=utf-8", "application/vnd.paper+json"):
        assert send(client, '\ufeff{"text": "a"}'.encode(), content_type).status_code == 200


def test_a_body_over_the_limit() -> None:
    """A body at the limit gets a decision; one byte more gets 413."""
    app = create_app({"MODERATION_MAX_CONTENT_LENGTH": 2048}, moderator=small_moderator())
    at_limit = json.dumps({"text": "a"}).ljust(2048)
    assert send(app.test_client(), at_limit).status_code == 200
    refused(send(app.test_client(), at_limit + " "), 413)


def test_an_unknown_path_or_method(client: FlaskClient) -> None:
    """404 and 405 are problems like all other errors. 405 lists the allowed methods."""
    refused(client.get("/v1/nothing"), 404)
    answer = client.get("/v1/moderate")
    refused(answer, 405)
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("e" + "\u0301" * 10_000, id="ten thousand combining marks"),
        pytest.param("x" * 20_480, id="no space"),
        pytest.param("a@" * 10_240, id="half addresses"),
        pytest.param("&#" * 10_240, id="half entities"),
        pytest.param("<" * 20_480, id="half tags"),
        pytest.param("\u202e" * 6_826, id="only direction marks"),
        pytest.param("🙏" * 5_120, id="only emoji"),
        pytest.param("HA " * 6_826, id="every word marked"),
    ],
)
def test_hostile_text_is_decided(client: FlaskClient, text: str) -> None:
    """Every text at the size limit gets a decision, from the API and on the page."""
    answer = client.post("/v1/moderate", json={"text": text, "format": "html"})
    assert answer.status_code == 200
    assert client.post("/try", data={"text": text}).status_code == 200


def test_an_unexpected_error_does_not_reveal_the_comment(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The response is a 500 problem. The log has the type and the place of the error only."""

    class Broken(Moderator):
        def moderate_many(self, comments: Iterable[Comment | str]) -> Iterator[Decision]:
            raise RuntimeError(str(list(comments)))

    small = small_moderator()
    app = create_app(moderator=Broken(small.policy, small.models))
    answer = send(app.test_client(), '{"text": "my secret"}')
    refused(answer, 500)
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError at " in caplog.text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "id", "format"]) | st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
patient = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@patient
@given(value=values | st.fixed_dictionaries({"text": values}))
@pytest.mark.parametrize("path", ["/v1/moderate", "/v1/moderate/batch"])
def test_any_json(client: FlaskClient, path: str, value: object) -> None:
    """Any JSON gets a decision or a 4xx, alone and in a batch."""
    body = json.dumps({"comments": [value]} if path.endswith("batch") else value)
    answer = client.post(path, data=body, content_type=JSON)
    assert answer.status_code in {200, 400, 422}
    assert json.loads(answer.data)


@patient
@given(body=st.binary() | st.text().map(lambda text: f'{{"text": "{text}"}}'.encode()))
def test_any_bytes(client: FlaskClient, body: bytes) -> None:
    """Any bytes get a decision or a 4xx."""
    assert send(client, body).status_code in {200, 400, 422}


@patient
@given(text=st.text(), article=st.text())
def test_any_form(client: FlaskClient, text: str, article: str) -> None:
    """The page answers every input."""
    answer = client.post("/try", data={"text": text, "article": article})
    assert answer.status_code in {200, 422}


def test_a_full_batch_is_below_the_limit_of_values() -> None:
    """A thousand comments with every field are accepted, even if their texts look like JSON."""
    comment = dict.fromkeys(CommentIn.model_fields, '[{"a": [1, 2]}, "\\\\"] ' * 50)
    body = {"comments": [comment] * 1_000}
    assert parse(json.dumps(body).encode()) == body


@pytest.mark.parametrize("unit", ["[],", "{},", "[[[]]],", "1.5,", "null,", '"",', '"a":1,'])
@pytest.mark.parametrize("end", ["0]}", "", '"', '"\\'])
def test_too_many_values(unit: str, end: str) -> None:
    """Too many values are refused before they are parsed, even in an incomplete body."""
    with pytest.raises(Problem, match="more than 20,000 names and values"):
        parse(('{"comments": [' + unit * 20_001 + end).encode())


def test_an_unterminated_string_takes_linear_time() -> None:
    """It is scanned once, not once for each quotation mark."""
    with pytest.raises(Problem, match="not JSON"):
        parse(b'{"text": "' + rb"\"" * 1_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "nonsense", "gzip, identity"])
def test_a_compressed_body(client: FlaskClient, encoding: str) -> None:
    """It is refused with 415, whatever it holds."""
    answer = client.post("/v1/moderate", json={"text": "a"}, headers={"Content-Encoding": encoding})
    assert encoding in refused(answer, 415)["detail"]
    assert answer.headers["Accept-Encoding"] == "identity"
    identity = {"Content-Encoding": "identity"}
    assert client.post("/v1/moderate", json={"text": "a"}, headers=identity).status_code == 200


def test_a_form_may_be_as_large_as_the_message_says() -> None:
    """The limit of forms is the limit of bodies, so that the message is true."""
    config = {"TESTING": True, "MODERATION_MAX_CONTENT_LENGTH": 2_000_000}
    client = create_app(config, moderator=small_moderator()).test_client()
    fields = {"blog": "https://herald.example", "comment_content": "Well said.", "api_key": "k"}
    large = client.post("/1.1/comment-check", data={**fields, "more": "x" * 1_900_000})
    assert large.get_data(as_text=True) in ("true", "false")
    larger = client.post("/1.1/comment-check", data={**fields, "more": "x" * 2_000_000})
    assert "the limit is 2,000,000 bytes" in larger.headers["X-akismet-debug-help"]
