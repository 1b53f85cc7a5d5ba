"""`comments:analyze` as Perspective's clients know it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import App
from api.dialects import perspective as dialect
from api.dialects.perspective import MOST_SPANS, units
from api.dialects.perspective.attributes import NOT_OFFERED, OFFERED
from tests.api.dialects.perspective.conftest import (
    ANALYZE,
    EXAMPLE,
    FINE,
    SUGGEST,
    Reader,
    analyze,
    error,
    key,
    make,
    values,
)


def test_the_example_of_the_public_docs(client: FlaskClient) -> None:
    """Two sentences, their places in the text, and the score of each alone."""
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


def test_spans_are_there_unasked(client: FlaskClient) -> None:
    """Clients read `spanScores[0]` without having asked: it is the whole text."""
    scores = analyze(client, "🙏 Well said.").get_json()["attributeScores"]["TOXICITY"]
    (span,) = scores["spanScores"]
    assert (span["begin"], span["end"]) == (0, 13)
    assert span["score"] == scores["summaryScore"]


def test_places_count_utf16_units(client: FlaskClient) -> None:
    """An emoji is two, as in JavaScript, and a decomposed letter is as many as were sent."""
    text = "The rivers 🙏🏽 are low. É, an idiot said so."
    answer = analyze(client, text, spanAnnotations=True).get_json()
    spans = answer["attributeScores"]["TOXICITY"]["spanScores"]
    raw = text.encode("utf-16-le")
    parts = [raw[2 * it["begin"] : 2 * it["end"]].decode("utf-16-le") for it in spans]
    assert parts == ["The rivers 🙏🏽 are low.", "É, an idiot said so."]
    assert [it["score"]["value"] for it in spans] == [0.01, 0.97]
    assert units(text, len(text)) == len(raw) // 2


def test_many_sentences_share_spans(client: FlaskClient) -> None:
    """Nobody waits for a thousand sentences: a span then holds several, and all are covered."""
    text = "He said so. " * 200 + "An idiot said so."
    answer = analyze(client, text, spanAnnotations=True).get_json()
    spans = answer["attributeScores"]["TOXICITY"]["spanScores"]
    assert 1 < len(spans) <= MOST_SPANS
    assert (spans[0]["begin"], spans[-1]["end"]) == (0, len(text))
    assert spans[-1]["score"]["value"] == 0.97


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
    """Each is the score of a model, or what the rules of sentences and length say."""
    assert values(client, text, name) == {name: pytest.approx(value)}


@pytest.mark.parametrize(
    ("text", "likely", "house"),
    [
        (FINE, (0, 0.5), (0, 0.8)),
        ("THIS GOVERNMENT HAS LEARNED ABSOLUTELY NOTHING FROM IT", (0.5, 0.8), (0.8, 0.9)),
        ("You are an idiot.", (0.8, 1), (0.9, 1)),
        ("Das ist doch alles gelogen.", (0.8, 1), (0.9, 1)),
    ],
    ids=["approve", "review", "reject", "reject for its language"],
)
def test_the_verdict_as_a_probability(
    client: FlaskClient, text: str, likely: tuple[float, float], house: tuple[float, float]
) -> None:
    """Its band tells the action, so that one threshold of a client has a meaning."""
    found = values(client, text, "LIKELY_TO_REJECT", "HOUSE_RULES")
    assert likely[0] <= found["LIKELY_TO_REJECT"] <= likely[1]
    assert house[0] <= found["HOUSE_RULES"] <= house[1]
    if likely[1] < 1:
        assert found["LIKELY_TO_REJECT"] < likely[1]
        assert found["HOUSE_RULES"] < house[1]


def test_the_test_sentence_is_likely_to_be_rejected(client: FlaskClient) -> None:
    """An operator can try a live install through a client, too."""
    text = "Please reject this comment, for it only tests the moderation."
    assert values(client, text, "LIKELY_TO_REJECT") == {"LIKELY_TO_REJECT": 1.0}


def test_a_broken_rule_asks_for_a_person(tmp_path: Path) -> None:
    """A score that no model gave is an error; what the policy says of the gap is its verdict."""

    class Silent(Reader):
        heads = ("english",)

        def score(self, texts: Any) -> Any:
            return {"english": super().score(texts)["english"]}

    client = make(tmp_path, Silent()).test_client()
    assert values(client, FINE, "LIKELY_TO_REJECT", "HOUSE_RULES") == {
        "LIKELY_TO_REJECT": 0.5,
        "HOUSE_RULES": 0.8,
    }
    answer = analyze(client, FINE)
    assert error(answer, 503)["message"] == "No model gave the score 'toxicity'."
    assert answer.headers["Retry-After"]


def test_a_version_is_echoed(client: FlaskClient) -> None:
    """A client that asks for one finds its answer under the same name."""
    assert values(client, "You idiot", "TOXICITY@6") == {"TOXICITY@6": 0.97}


def test_a_threshold_leaves_out(client: FlaskClient) -> None:
    """An attribute below its own threshold is not in the answer."""
    wanted = {"TOXICITY": {"scoreThreshold": 0.5}, "THREAT": {"scoreThreshold": 0.005}}
    answer = client.post(
        ANALYZE, json={"comment": {"text": FINE}, "requestedAttributes": wanted}
    ).get_json()
    assert set(answer["attributeScores"]) == {"THREAT"}


def test_the_token_comes_back(client: FlaskClient) -> None:
    """Word for word; without one there is none."""
    assert analyze(client, clientToken="mine").get_json()["clientToken"] == "mine"
    assert "clientToken" not in analyze(client).get_json()


@pytest.mark.parametrize(
    ("text", "asked", "languages", "detected"),
    [
        (FINE, [], ["en"], ["en"]),
        (FINE, ["en"], ["en"], ["en"]),
        (FINE, ["en-IN", "hi"], ["en-IN", "hi"], ["en"]),
        ("Das ist doch alles gelogen.", ["en"], ["en"], ["de"]),
        ("Alles gelogen.", [], ["en"], ["en"]),
    ],
    ids=["detected", "asked", "one of two", "Coral always says en", "too short to tell"],
)
def test_languages(
    client: FlaskClient, text: str, asked: list[str], languages: list[str], detected: list[str]
) -> None:
    """What was asked holds, else what was read."""
    answer = analyze(client, text, **({"languages": asked} if asked else {})).get_json()
    assert (answer["languages"], answer["detectedLanguages"]) == (languages, detected)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", "COMMENT_EMPTY", "Comment must be non-empty."),
        ({}, "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"comment": {"text": " "}}, "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"text": "x" * 20_481}, "COMMENT_TOO_LONG", "Comment text too long."),
        ({"text": "é" * 10_241}, "COMMENT_TOO_LONG", "Comment text too long."),
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
    """What clients parse: the sentence, and `details[0].errorType`."""
    if isinstance(body, dict) and body and "comment" not in body:
        text = body.pop("text", FINE)
        asked = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}}
        body = {**asked, **body}
    elif isinstance(body, dict) and "type" in body.get("comment", {}):
        body["requestedAttributes"] = {"TOXICITY": {}}
    sent = body if isinstance(body, bytes) else json.dumps(body)
    found = error(client.post(ANALYZE, data=sent))
    assert (found["message"], found["status"]) == (message, "INVALID_ARGUMENT")
    assert found["details"][0]["errorType"] == kind


@pytest.mark.parametrize("name", NOT_OFFERED)
def test_what_no_model_knows_is_refused(client: FlaskClient, name: str) -> None:
    """Never an invented number."""
    found = error(analyze(client, FINE, "TOXICITY", name))
    assert found["message"] == f"Unknown requested attribute: {name}"
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
    """The field is named, in Google's envelope, and what was sent is not said back."""
    answer = client.post(ANALYZE, data=sent)
    assert message in error(answer)["message"]
    assert "secret" not in answer.text


def test_both_spellings_of_a_field(client: FlaskClient) -> None:
    """Google's JSON takes `requested_attributes` too, and null for what is not there."""
    body = {
        "comment": {"text": FINE, "type": None},
        "requested_attributes": {"TOXICITY": {"scoreThreshold": None}},
        "span_annotations": True,
        "languages": None,
    }
    answer = client.post(ANALYZE, json=body)
    assert answer.status_code == 200, answer.text


def test_a_text_that_was_cut_in_an_emoji(client: FlaskClient) -> None:
    """Half a surrogate pair is judged all the same; else such a comment would pass unseen."""
    body = b'{"comment": {"text": "You idiot \\ud83d"}, "requestedAttributes": {"TOXICITY": {}}}'
    answer = client.post(ANALYZE, data=body).get_json()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.97
    assert answer["attributeScores"]["TOXICITY"]["spanScores"][0]["end"] == 11


def test_a_body_over_the_limit(tmp_path: Path) -> None:
    """In the same envelope."""
    client = make(tmp_path, MODERATION_MAX_CONTENT_LENGTH=2048).test_client()
    assert error(analyze(client, "x" * 4096), 413)["status"] == "INVALID_ARGUMENT"


def test_google_query_parameters_are_tolerated(client: FlaskClient) -> None:
    """They come with every generic client."""
    query = "alt=json&prettyPrint=false&fields=*&quotaUser=me&%24.xgafv=2&uploadType=media"
    body = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post(f"{ANALYZE}?{query}", json=body).status_code == 200


@pytest.mark.parametrize("way", ["key", "access_token", "oauth_token", "bearer", "x-goog-api-key"])
def test_ways_to_send_a_key(app: App, client: FlaskClient, way: str) -> None:
    """In the query or in a header."""
    secret = key(app, "decide")
    headers = {
        "bearer": {"Authorization": f"Bearer {secret}"},
        "x-goog-api-key": {"X-Goog-Api-Key": secret},
    }.get(way, {})
    query = "" if headers else f"?{way}={secret}"
    body = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post(ANALYZE + query, json=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "reason", "said"),
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
def test_keys_that_are_none(
    app: App, client: FlaskClient, query: str, status: int, reason: str, said: str
) -> None:
    """What clients look for when they try a key, also with an empty body."""
    key(app, "decide")
    found = error(client.post(ANALYZE + query, data=b""), status)
    assert found["message"].startswith(said)
    assert found["details"][0]["reason"] == reason


def test_a_key_without_the_scope(app: App, client: FlaskClient) -> None:
    """To decide is not to correct."""
    secret = key(app, "decide")
    body = {
        "comment": {"text": FINE},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
    }
    found = error(client.post(f"{SUGGEST}?key={secret}", json=body), 403)
    assert (found["status"], "verdict" in found["message"]) == ("PERMISSION_DENIED", True)


def test_a_rate_that_is_used_up(app: App, client: FlaskClient) -> None:
    """Perspective's own error, by which clients wait."""
    secret = key(app, "decide", rate="1 per minute")
    body = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post(f"{ANALYZE}?key={secret}", json=body).status_code == 200
    answer = client.post(f"{ANALYZE}?key={secret}", json=body)
    found = error(answer, 429)
    assert (found["status"], answer.headers["Retry-After"]) == ("RESOURCE_EXHAUSTED", "1")
    assert found["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"


@pytest.mark.parametrize("path", ["/$discovery/rest", "/%24discovery/rest"])
def test_the_discovery_document(client: FlaskClient, path: str) -> None:
    """Its address is where the request went, and its methods are those that are there."""
    document = client.get(f"{path}?version=v1alpha1").get_json()
    assert document["rootUrl"] == "http://localhost/"
    methods = document["resources"]["comments"]["methods"]
    assert {f"/{it['path']}" for it in methods.values()} == {ANALYZE, SUGGEST}
    told = json.dumps(document)
    names = {part.partition('"')[0] for part in told.split('"$ref": "')[1:]}
    assert names <= document["schemas"].keys()
    assert error(client.get(f"{path}?version=v2"), 404)["status"] == "NOT_FOUND"


def test_the_discovery_document_behind_a_proxy(tmp_path: Path) -> None:
    """A setting says where the service is reached."""
    client = make(tmp_path, MODERATION_PUBLIC_URL="https://rules.example/p").test_client()
    document = client.get("/$discovery/rest?version=v1alpha1").get_json()
    assert document["rootUrl"] == "https://rules.example/p/"


def record(client: FlaskClient) -> list[dict[str, Any]]:
    """All decisions kept, oldest first."""
    return [json.loads(line) for line in client.get("/v1/export").text.splitlines()]


def test_it_is_kept_as_a_decision(client: FlaskClient) -> None:
    """With token, community and context where they belong; asked again it is the same one."""
    around = {"article": {"text": "The bridge"}, "parentComment": {"text": "It is\0 ugly."}}
    more = {
        "clientToken": "c1",
        "communityId": "herald",
        "context": {"articleAndParentComment": around},
    }
    for _ in range(2):
        assert analyze(client, FINE, **more).status_code == 200
    (kept,) = record(client)
    assert (kept["route"], kept["comment_id"], kept["text"]) == ("perspective", "c1", FINE)
    assert (kept["article"], kept["parent"]) == ("The bridge", "It is ugly.")


def test_do_not_store(client: FlaskClient) -> None:
    """The decision is kept and the text is not; nobody is asked to read what is not there."""
    analyze(client, "u r an idiot, shambles and crap", doNotStore=True)
    analyze(client, "THIS IS CRAP AND NOTHING ELSE", doNotStore=True)
    assert [it["text"] for it in record(client)] == [None, None]
    assert client.get("/v1/queue").get_json()["decisions"] == []


def test_it_is_counted(client: FlaskClient) -> None:
    """In the metrics, by its route."""
    analyze(client, "You are an idiot.")
    told = client.get("/metrics").text
    assert 'moderation_decisions_total{action="reject",route="perspective"} 1.0' in told


def test_nothing_is_logged_of_the_comment(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the service breaks; the client then gets an error in the right shape."""
    monkeypatch.setattr(dialect, "read", lambda _: 1 / 0)
    found = error(analyze(client, "secret words"), 500)
    assert found["status"] == "INTERNAL"
    assert "secret" not in "".join(capsys.readouterr()) + json.dumps(found)


def test_every_attribute_stands_in_the_docs() -> None:
    """The page has a row for each that is offered, as it is made, and names all others."""
    page = (Path(__file__).parents[4] / "docs" / "dialects.md").read_text("utf-8")
    for name, attribute in OFFERED.items():
        if not name.endswith("_EXPERIMENTAL"):
            assert f"| `{name}` | {attribute.told} |" in page
    assert all(f"`{name}`" in page for name in NOT_OFFERED)
