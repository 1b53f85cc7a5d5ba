"""`comments:analyze`, as Perspective's clients use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import App, create_app
from api.dialects import perspective as dialect
from api.dialects.perspective import MOST_SPANS, units
from api.dialects.perspective.attributes import NOT_OFFERED, OFFERED
from tests.api.dialects.perspective.conftest import (
    ANALYZE,
    EXAMPLE,
    FINE,
    SUGGEST,
    FakeScorer,
    analyze,
    error,
    key,
    make,
    values,
)


def test_the_example_of_the_public_docs(client: FlaskClient) -> None:
    """The answer has two sentences with their offsets and scores."""
    answer = analyze(client, EXAMPLE, languages=["en"], spanAnnotations=True).get_json()
    assert answer == {
        "attributeScores": {
            "TOXICITY": {
                "spanScores": [
                    {"begin": 0, "end": 31, "score": {"value": 0.97, "type": "PROBABILITY"}},
                    {"begin": 32, "end": 56, "score": {"value": 0.01, "type": "PROBABILITY"}},
                ],
                "summaryScore": {"value": 0.97, "type": "PROBABILITY"},
            }
        },
        "languages": ["en"],
        "detectedLanguages": ["en"],
    }


def test_there_is_always_a_span(client: FlaskClient) -> None:
    """Clients read `spanScores[0]` without requesting spans. It is the whole text."""
    scores = analyze(client, "🙏 Well said.").get_json()["attributeScores"]["TOXICITY"]
    (span,) = scores["spanScores"]
    assert (span["begin"], span["end"]) == (0, 13)
    assert span["score"] == scores["summaryScore"]


def test_offsets_count_utf16_units(client: FlaskClient) -> None:
    """An emoji counts 2, as in JavaScript. A decomposed letter counts as sent."""
    text = "The rivers 🙏🏽 are low. É, an idiot said so."
    answer = analyze(client, text, spanAnnotations=True).get_json()
    spans = answer["attributeScores"]["TOXICITY"]["spanScores"]
    raw = text.encode("utf-16-le")
    parts = [raw[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le") for span in spans]
    assert parts == ["The rivers 🙏🏽 are low.", "É, an idiot said so."]
    assert [span["score"]["value"] for span in spans] == [0.01, 0.97]
    assert units(text, len(text)) == len(raw) // 2


def test_many_sentences_share_spans(client: FlaskClient) -> None:
    """A long comment has several sentences per span, and the spans cover all of it."""
    text = "He said so. " * 200 + "An idiot said so."
    answer = analyze(client, text, spanAnnotations=True).get_json()
    spans = answer["attributeScores"]["TOXICITY"]["spanScores"]
    assert 1 < len(spans) <= MOST_SPANS
    assert (spans[0]["begin"], spans[-1]["end"]) == (0, len(text))
    assert spans[-1]["score"]["value"] == 0.97


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[FlaskClient]:
    """Return a client of a service with the shipped models."""
    settings = {"MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite"}
    app = create_app({"TESTING": True, **settings, "MODERATION_SPOOL": str(tmp_path / "spool")})
    with app.test_client() as client:
        yield client


def test_no_span_has_a_higher_score_than_the_summary(shipped: FlaskClient) -> None:
    """The worst sentence of a civil comment has nearly its score, and the comment has the same."""
    text = f"{FINE} I like to walk there on Sundays. You are an idiot. The court meets on Monday."
    names = ("TOXICITY", "INSULT", "THREAT", "LIKELY_TO_REJECT")
    answer = shipped.post(
        ANALYZE,
        json={
            "comment": {"text": text},
            "requestedAttributes": {name: {} for name in names},
            "spanAnnotations": True,
        },
    ).get_json()
    for name in names:
        scores = answer["attributeScores"][name]
        spans = [span["score"]["value"] for span in scores["spanScores"]]
        assert len(spans) == 4
        assert max(spans) <= scores["summaryScore"]["value"], name
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.8


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("TOXICITY", "You idiot", 0.97),
        ("TOXICITY_EXPERIMENTAL", "You idiot", 0.97),
        ("TOXICITY_FAST", "You idiot", 0.97),
        ("SEVERE_TOXICITY", "You idiot", 0.01),
        ("INSULT", "You idiot", 0.9),
        ("PROFANITY", "What crap", 0.8),
        ("OBSCENE", "What crap", 0.8),
        ("OBSCENE", "A nude man", 0.9),
        ("SEXUALLY_EXPLICIT", "A nude man", 0.9),
        ("THREAT", "I will kill you", 0.99),
        ("IDENTITY_ATTACK", "They are vermin", 0.6),
        ("INFLAMMATORY", "They are vermin", 0.6),
        ("INFLAMMATORY", "I will kill you", 0.99),
        ("ATTACK_ON_AUTHOR", "You idiot", 0.95),
        ("ATTACK_ON_COMMENTER", "You idiot", 0.95),
        ("SPAM", "The best casino", 0.99),
        ("INCOHERENT", FINE, 0.0),
        ("INCOHERENT", "A shambles", 0.5),
        ("UNSUBSTANTIAL", FINE, 0.65),
        ("UNSUBSTANTIAL", "A shambles of a bridge", 0.95),
        ("UNSUBSTANTIAL", "He said so. " * 20, 0.0),
    ],
)
def test_attributes(client: FlaskClient, name: str, text: str, value: float) -> None:
    """Each attribute is a model's score, or comes from full sentences and length."""
    assert values(client, text, name) == {name: pytest.approx(value)}


@pytest.mark.parametrize(
    ("text", "likely_to_reject", "house_rules"),
    [
        (FINE, (0, 0.5), (0, 0.8)),
        ("THIS GOVERNMENT HAS LEARNED ABSOLUTELY NOTHING FROM IT", (0.5, 0.8), (0.8, 0.9)),
        ("You are an idiot.", (0.8, 1), (0.9, 1)),
        ("Das ist doch alles gelogen.", (0.8, 1), (0.9, 1)),
    ],
    ids=["approve", "review", "reject", "reject for its language"],
)
def test_the_decision_as_a_probability(
    client: FlaskClient,
    text: str,
    likely_to_reject: tuple[float, float],
    house_rules: tuple[float, float],
) -> None:
    """Each action has its band, and no score is a threshold: Coral compares with `>`."""
    scores = values(client, text, "LIKELY_TO_REJECT", "HOUSE_RULES")
    bands = {"LIKELY_TO_REJECT": likely_to_reject, "HOUSE_RULES": house_rules}
    for name, (low, high) in bands.items():
        assert low < scores[name] < high or scores[name] in (0, 1)


def test_the_test_sentence_is_likely_to_be_rejected(client: FlaskClient) -> None:
    """An operator can use it to test an installation through a client."""
    text = "Please reject this comment, for it only tests the moderation."
    assert values(client, text, "LIKELY_TO_REJECT") == {"LIKELY_TO_REJECT": 1.0}


def test_a_failed_model(tmp_path: Path) -> None:
    """A missing score is an error. The policy's decision still holds the comment."""

    class Silent(FakeScorer):
        heads = ("english",)

        def score(self, texts: Any) -> Any:
            return {"english": super().score(texts)["english"]}

    client = make(tmp_path, Silent()).test_client()
    held = values(client, FINE, "LIKELY_TO_REJECT", "HOUSE_RULES")
    assert 0.5 < held["LIKELY_TO_REJECT"] < 0.8 < held["HOUSE_RULES"] < 0.9
    answer = analyze(client, FINE)
    assert error(answer, 503)["message"] == "No model gave the score 'toxicity'."
    assert answer.headers["Retry-After"]


def test_a_version_is_echoed(client: FlaskClient) -> None:
    """The answer uses the requested name, including its version."""
    assert values(client, "You idiot", "TOXICITY@6") == {"TOXICITY@6": 0.97}


def test_a_threshold_leaves_out(client: FlaskClient) -> None:
    """The answer leaves out attributes below their thresholds."""
    wanted = {"TOXICITY": {"scoreThreshold": 0.5}, "THREAT": {"scoreThreshold": 0.005}}
    answer = client.post(
        ANALYZE, json={"comment": {"text": FINE}, "requestedAttributes": wanted}
    ).get_json()
    assert set(answer["attributeScores"]) == {"THREAT"}


def test_the_token_is_echoed(client: FlaskClient) -> None:
    """The answer has the client's token, or none."""
    assert analyze(client, clientToken="mine").get_json()["clientToken"] == "mine"
    assert "clientToken" not in analyze(client).get_json()


@pytest.mark.parametrize(
    ("text", "requested", "languages", "detected"),
    [
        (FINE, [], ["en"], ["en"]),
        (FINE, ["en"], ["en"], ["en"]),
        (FINE, ["en-IN", "hi"], ["en-IN", "hi"], ["en"]),
        ("Das ist doch alles gelogen.", ["en"], ["en"], ["de"]),
        ("Alles gelogen.", [], ["en"], ["en"]),
    ],
    ids=["detected", "requested", "one of two", "Coral always says en", "too short to tell"],
)
def test_languages(
    client: FlaskClient, text: str, requested: list[str], languages: list[str], detected: list[str]
) -> None:
    """The answer has the requested languages, or else the detected ones."""
    answer = analyze(client, text, **({"languages": requested} if requested else {})).get_json()
    assert (answer["languages"], answer["detectedLanguages"]) == (languages, detected)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", "COMMENT_EMPTY", "Comment must be non-empty."),
        ({}, "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"comment": {"text": " "}}, "COMMENT_EMPTY", "Comment must be non-empty."),
        (
            {"text": "x" * 20_481},
            "COMMENT_TOO_LONG",
            "Comment text was too many bytes. Value (20481) exceeded limit (20480).",
        ),
        (
            {"text": "é" * 10_241},
            "COMMENT_TOO_LONG",
            "Comment text was too many bytes. Value (20482) exceeded limit (20480).",
        ),
        ({"comment": {"text": "x"}}, "NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes"),
        (
            {"languages": ["fr", "de"]},
            "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
            "Attribute TOXICITY does not support request languages: fr, de",
        ),
        (
            {"text": "Das ist doch alles gelogen."},
            "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
            "Attribute TOXICITY does not support request languages: de",
        ),
        ({"text": "🙏🙏"}, "LANGUAGE_DETECTION_FAILED", "Unable to detect language"),
        (
            {"requestedAttributes": {"FLIRTATION": {}}},
            "INVALID_REQUEST",
            "Unknown requested attribute: FLIRTATION",
        ),
        (
            {"requestedAttributes": {"TOXICITY": {"scoreType": "PERCENTILE"}}},
            "INVALID_REQUEST",
            "Requested score type PERCENTILE is not supported by attribute TOXICITY",
        ),
        (
            {"comment": {"text": "x", "type": "HTML"}},
            "INVALID_REQUEST",
            "Currently, only 'PLAIN_TEXT' comments are supported",
        ),
        ({"comment": {"text": "x", "type": "RTF"}}, "INVALID_REQUEST", "Unknown text type"),
        (
            {
                "context": {
                    "entries": [{"text": "a"}],
                    "articleAndParentComment": {"article": {"text": "b"}},
                }
            },
            "INVALID_REQUEST",
            "Context can have either entries or article_and_parent_comment, "
            "but both fields were populated.",
        ),
    ],
)
def test_refusals(client: FlaskClient, body: Any, kind: str, message: str) -> None:
    """Errors have the message and `details[0].errorType` that clients parse."""
    if isinstance(body, dict) and body and "comment" not in body:
        text = body.pop("text", FINE)
        valid = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}}
        body = {**valid, **body}
    elif isinstance(body, dict) and "type" in body.get("comment", {}):
        body["requestedAttributes"] = {"TOXICITY": {}}
    data = body if isinstance(body, bytes) else json.dumps(body)
    content = error(client.post(ANALYZE, data=data))
    assert (content["message"], content["status"]) == (message, "INVALID_ARGUMENT")
    assert content["details"][0]["errorType"] == kind


@pytest.mark.parametrize("name", NOT_OFFERED)
def test_unknown_attributes_are_refused(client: FlaskClient, name: str) -> None:
    """The service does not invent scores."""
    content = error(analyze(client, FINE, "TOXICITY", name))
    assert content["message"] == f"Unknown requested attribute: {name}"
    assert name not in OFFERED


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"{", "The body is not JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"comment": "secret words"}', "Invalid value at 'comment': must be"),
        (b'{"comment": {"text": 5}}', "Invalid value at 'comment.text': must be a string"),
        (b'{"comment": {"text": "a", "mood": 1}}', "Unknown name \"mood\" at 'comment'"),
        (b'{"spanAnnotations": "yes"}', "Invalid value at 'spanAnnotations': must be"),
        (b'{"languages": "en"}', "Invalid value at 'languages': must be an array"),
        (
            b'{"comment": {"text": "secret\\u0000"}, "requestedAttributes": {"TOXICITY": {}}}',
            "Invalid value at 'comment.text': holds a NUL character at position 6",
        ),
    ],
)
def test_bodies_that_do_not_fit(client: FlaskClient, sent: bytes, message: str) -> None:
    """The error names the field in Google's format, and does not quote the value."""
    answer = client.post(ANALYZE, data=sent)
    assert message in error(answer)["message"]
    assert "secret" not in answer.text


def test_both_spellings_of_a_field(client: FlaskClient) -> None:
    """As in Google's JSON, `requested_attributes` is valid too, and null means missing."""
    body = {
        "comment": {"text": FINE, "type": None},
        "requested_attributes": {"TOXICITY": {"scoreThreshold": None}},
        "span_annotations": True,
        "languages": None,
    }
    answer = client.post(ANALYZE, json=body)
    assert answer.status_code == 200, answer.text


def test_a_text_that_was_cut_in_an_emoji(client: FlaskClient) -> None:
    """A comment with a lone surrogate is decided, not skipped."""
    body = b'{"comment": {"text": "You idiot \\ud83d"}, "requestedAttributes": {"TOXICITY": {}}}'
    answer = client.post(ANALYZE, data=body).get_json()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.97
    assert answer["attributeScores"]["TOXICITY"]["spanScores"][0]["end"] == 11


def test_a_body_over_the_limit(tmp_path: Path) -> None:
    """The error has the same format."""
    client = make(tmp_path, MODERATION_MAX_CONTENT_LENGTH=2048).test_client()
    assert error(analyze(client, "x" * 4096), 413)["status"] == "INVALID_ARGUMENT"


def test_google_query_parameters_are_tolerated(client: FlaskClient) -> None:
    """Generic clients send them with every request."""
    query = "alt=json&prettyPrint=false&fields=*&quotaUser=me&%24.xgafv=2&uploadType=media"
    body = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post(f"{ANALYZE}?{query}", json=body).status_code == 200


@pytest.mark.parametrize("way", ["key", "access_token", "oauth_token", "bearer", "x-goog-api-key"])
def test_ways_to_send_a_key(app: App, client: FlaskClient, way: str) -> None:
    """The key may be in the query or in a header."""
    secret = key(app, "decide")
    headers = {
        "bearer": {"Authorization": f"Bearer {secret}"},
        "x-goog-api-key": {"X-Goog-Api-Key": secret},
    }.get(way, {})
    query = "" if headers else f"?{way}={secret}"
    body = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post(ANALYZE + query, json=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "reason", "message"),
    [
        (
            "?key=nonsense",
            400,
            "API_KEY_INVALID",
            "API key not valid. Please pass a valid API key.",
        ),
        ("", 403, "API_KEY_MISSING", "Method doesn't allow unregistered callers."),
    ],
)
def test_invalid_keys(
    app: App, client: FlaskClient, query: str, status: int, reason: str, message: str
) -> None:
    """Clients test keys with an empty body, and read these errors."""
    key(app, "decide")
    content = error(client.post(ANALYZE + query, data=b""), status)
    assert content["message"].startswith(message)
    assert content["details"][0]["reason"] == reason


def test_a_key_without_the_scope(app: App, client: FlaskClient) -> None:
    """A key to decide may not give verdicts."""
    secret = key(app, "decide")
    body = {
        "comment": {"text": FINE},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
    }
    content = error(client.post(f"{SUGGEST}?key={secret}", json=body), 403)
    assert (content["status"], "verdict" in content["message"]) == ("PERMISSION_DENIED", True)


def test_a_rate_that_is_used_up(app: App, client: FlaskClient) -> None:
    """The error is Perspective's, on which clients wait."""
    secret = key(app, "decide", rate="1 per minute")
    body = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post(f"{ANALYZE}?key={secret}", json=body).status_code == 200
    answer = client.post(f"{ANALYZE}?key={secret}", json=body)
    content = error(answer, 429)
    assert content["status"] == "RESOURCE_EXHAUSTED"
    assert 50 < int(answer.headers["Retry-After"]) <= 60
    assert content["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"


@pytest.mark.parametrize("path", ["/$discovery/rest", "/%24discovery/rest"])
def test_the_discovery_document(client: FlaskClient, path: str) -> None:
    """It has the address of the request, and the methods that exist."""
    document = client.get(f"{path}?version=v1alpha1").get_json()
    assert document["rootUrl"] == "http://localhost/"
    methods = document["resources"]["comments"]["methods"]
    assert {f"/{method['path']}" for method in methods.values()} == {ANALYZE, SUGGEST}
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}
    assert names <= document["schemas"].keys()
    assert error(client.get(f"{path}?version=v2"), 404)["status"] == "NOT_FOUND"


def test_the_discovery_document_behind_a_proxy(tmp_path: Path) -> None:
    """A setting gives the public address."""
    client = make(tmp_path, MODERATION_PUBLIC_URL="https://rules.example/p").test_client()
    document = client.get("/$discovery/rest?version=v1alpha1").get_json()
    assert document["rootUrl"] == "https://rules.example/p/"


def record(client: FlaskClient) -> list[dict[str, Any]]:
    """Return all recorded decisions, oldest first."""
    return [json.loads(line) for line in client.get("/v1/export").text.splitlines()]


def test_the_decision_is_recorded(client: FlaskClient) -> None:
    """The record has the token and the context. A repeated request adds no decision."""
    around = {"article": {"text": "The bridge"}, "parentComment": {"text": "It is\0 ugly."}}
    more = {
        "clientToken": "c1",
        "communityId": "herald",
        "context": {"articleAndParentComment": around},
    }
    for _ in range(2):
        assert analyze(client, FINE, **more).status_code == 200
    (decision,) = record(client)
    assert (decision["route"], decision["comment_id"]) == ("perspective", "c1")
    assert decision["text"] == FINE
    assert (decision["article"], decision["parent"]) == ("The bridge", "It is ugly.")


def test_do_not_store(client: FlaskClient) -> None:
    """The decision is recorded without the text, and is not in the queue."""
    analyze(client, "u r an idiot, shambles and crap", doNotStore=True)
    analyze(client, "THIS IS CRAP AND NOTHING ELSE", doNotStore=True)
    assert [decision["text"] for decision in record(client)] == [None, None]
    assert client.get("/v1/queue").get_json()["decisions"] == []


def test_it_is_counted(client: FlaskClient) -> None:
    """The metrics count the decision by its route."""
    analyze(client, "You are an idiot.")
    metrics = client.get("/metrics").text
    assert 'moderation_decisions_total{action="reject",route="perspective"} 1.0' in metrics


def test_comments_are_not_logged(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds even if the service fails. The error has the right format."""
    monkeypatch.setattr(dialect, "read", lambda _: 1 / 0)
    content = error(analyze(client, "secret words"), 500)
    assert content["status"] == "INTERNAL"
    assert "secret" not in "".join(capsys.readouterr()) + json.dumps(content)


def test_every_attribute_is_documented() -> None:
    """The page has a row for each attribute on offer, and names the others."""
    page = (Path(__file__).parents[4] / "docs" / "dialects.md").read_text("utf-8")
    for name, attribute in OFFERED.items():
        if not name.endswith("_EXPERIMENTAL"):
            assert f"| `{name}` | {attribute.description} |" in page
    assert all(f"`{name}`" in page for name in NOT_OFFERED)
