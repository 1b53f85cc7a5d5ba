"""OpenAI's moderations, used by OpenAI's client and directly."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import openai
import pytest
from flask.testing import FlaskClient
from openai.types import ModerationTextInputParam

from api import App
from api.dialects.openai import CATEGORIES, RULES
from api.services import services_of
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, FakeScorer, decided, key, make

UNSUPPORTED = {
    "illicit",
    "illicit/violent",
    "self-harm/instructions",
    "sexual/minors",
    "violence/graphic",
}


SELF_HARM = {"self-harm", "self-harm/intent"}


@pytest.fixture
def secret(app: App) -> str:
    """An API key: OpenAI's clients always send one."""
    return key(app, "decide")


@pytest.fixture
def official(url: str, secret: str) -> Iterator[openai.OpenAI]:
    """OpenAI's client, with only the address changed."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key=secret, max_retries=0) as client:
        yield client


def result(client: FlaskClient, text: str) -> dict[str, Any]:
    """Send one text and return its result."""
    answer = client.post("/v1/moderations", json={"input": text})
    assert answer.status_code == 200
    (only,) = answer.get_json()["results"]
    content: dict[str, Any] = only
    return content


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        pytest.param(FINE, set(), id="a harmless comment has no category"),
        pytest.param("THIS IS WHAT HAPPENS WHEN NOBODY LISTENS", set(), id="neither has a shout"),
        pytest.param(REJECTED, {"harassment"}, id="an insult to a person is harassment"),
        pytest.param(
            "I will kill you.",
            {"harassment", "harassment/threatening", "violence"},
            id="a threat is harassment and violence",
        ),
        pytest.param("They are vermin.", {"hate"}, id="hatred of a group is hate"),
        pytest.param(
            "They are vermin, kill them.",
            {"hate", "hate/threatening", "harassment", "harassment/threatening", "violence"},
            id="hatred and a threat are hate/threatening",
        ),
        pytest.param("You look nude there.", {"sexual"}, id="sexual words are sexual"),
    ],
)
def test_categories(client: FlaskClient, text: str, flagged: set[str]) -> None:
    """A category is true if a rule acted on one of its scores."""
    categories = result(client, text)["categories"]
    assert {name for name, value in categories.items() if value} == flagged


@pytest.mark.parametrize(
    ("text", "scores", "flagged"),
    [
        pytest.param("I will hang myself.", (0.9, 0.9), SELF_HARM, id="a plan"),
        pytest.param("I want to die.", (0.7, 0.0), {"self-harm"}, id="a wish is no plan"),
        pytest.param("This heat makes me want to die.", (0.3, 0.0), set(), id="only observed"),
        pytest.param("Farmers commit suicide.", (0.0, 0.0), set(), id="news"),
    ],
)
def test_self_harm(
    client: FlaskClient, text: str, scores: tuple[float, float], flagged: set[str]
) -> None:
    """The rule `self_harm` fills two categories. Intent is a plan, a means or a farewell."""
    only = result(client, text)
    assert tuple(only["category_scores"][name] for name in sorted(SELF_HARM)) == scores
    assert {name for name in SELF_HARM if only["categories"][name]} == flagged


def test_flagged_is_the_policys_decision(client: FlaskClient) -> None:
    """Rules without an OpenAI category flag too, and are named."""
    shouted = result(client, "THIS IS WHAT HAPPENS WHEN NOBODY LISTENS")
    assert shouted["flagged"] is True
    assert shouted["house_rules"]["action"] == "review"
    assert "shouting" in shouted["house_rules"]["rules"]
    assert result(client, FINE)["flagged"] is False


def test_scores(client: FlaskClient) -> None:
    """A category has its highest score. A combined category has the lower of two."""
    scores = result(client, "They are vermin, said the idiot.")["category_scores"]
    assert (scores["hate"], scores["harassment"], scores["violence"]) == (0.97, 0.97, 0.01)
    assert scores["hate/threatening"] == 0.01


def test_unsupported_categories_are_listed(client: FlaskClient) -> None:
    """A category without a model is 0, applies to no input, and is in a header."""
    answer = client.post("/v1/moderations", json={"input": "I will kill you, idiot."})
    (only,) = answer.get_json()["results"]
    assert set(answer.headers["X-Moderation-Unsupported"].split(", ")) == UNSUPPORTED
    for name in CATEGORIES:
        supported = name not in UNSUPPORTED
        assert bool(only["category_scores"][name]) is (supported and name not in RULES)
        assert only["category_applied_input_types"][name] == ["text"] * supported


class Half(FakeScorer):
    """A scorer of threats only."""

    heads: tuple[str, ...] = ("threat",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return one score."""
        return {"threat": super().score(texts)["threat"]}


class Silent(FakeScorer):
    """A scorer that always fails."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Raise an error."""
        raise RuntimeError(str(len(texts)))


def test_fewer_models_support_less(tmp_path: Path) -> None:
    """Categories that an operator's models do not score are listed as unsupported."""
    client = make(tmp_path, Half()).test_client()
    answer = client.post("/v1/moderations", json={"input": "I will kill you."})
    unsupported = set(answer.headers["X-Moderation-Unsupported"].split(", "))
    assert unsupported == {*UNSUPPORTED, "hate", "hate/threatening", "sexual"}


def test_a_model_that_fails_is_no_zero(tmp_path: Path) -> None:
    """The client is told to retry. The record holds the comment for review."""
    app = make(tmp_path, Silent())
    answer = app.test_client().post("/v1/moderations", json={"input": FINE})
    assert (answer.status_code, answer.headers["X-Should-Retry"]) == (503, "true")
    assert answer.get_json()["error"]["type"] == "server_error"
    assert [decision["action"] for decision in decided(app)] == ["review"]


def test_the_official_client_reads_it(official: openai.OpenAI) -> None:
    """Categories, scores and input types fit the client's types."""
    answer = official.moderations.create(input=REJECTED, model="omni-moderation-latest")
    (only,) = answer.results
    assert (only.flagged, only.categories.harassment) == (True, True)
    assert only.categories.hate is False
    assert only.category_scores.harassment == 0.97
    assert only.categories.illicit is False
    assert only.category_applied_input_types.harassment == ["text"]
    assert answer.id.startswith("modr-")


def test_the_official_client_sends_many(official: openai.OpenAI) -> None:
    """A list of texts has a result for each, in order. A list of parts is one text."""
    many = official.moderations.create(input=[FINE, REJECTED, DOUBTFUL])
    assert [item.flagged for item in many.results] == [False, True, True]
    parts: list[ModerationTextInputParam] = [
        {"type": "text", "text": FINE},
        {"type": "text", "text": REJECTED},
    ]
    (only,) = official.moderations.create(input=parts).results
    assert only.flagged


def test_decisions_are_in_the_record(app: App, official: openai.OpenAI) -> None:
    """The answer names the ids. The route is 'openai'."""
    answer = official.moderations.create(input=[FINE, REJECTED])
    extras = [item.model_extra or {} for item in answer.results]
    decisions = decided(app)
    ids = [extra["house_rules"]["decision"] for extra in extras]
    assert [decision["id"] for decision in decisions] == ids
    assert [(decision["route"], decision["text"]) for decision in decisions] == [
        ("openai", FINE),
        ("openai", REJECTED),
    ]


def test_typed_errors(url: str, secret: str, app: App) -> None:
    """The client raises its exception for each status, with the request id."""
    other = key(app, "read")

    def refused(expected: type[openai.APIStatusError], api_key: str, **body: Any) -> Any:
        with openai.OpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=0) as client:
            with pytest.raises(expected) as caught:
                client.moderations.create(**body)
            assert (caught.value.request_id or "").startswith("req_")
            return caught.value

    error = refused(openai.AuthenticationError, "wrong", input=FINE)
    assert error.code == "invalid_api_key"
    refused(openai.PermissionDeniedError, other, input=FINE)
    error = refused(openai.NotFoundError, secret, input=FINE, model="gpt-4")
    assert (error.code, error.param) == ("model_not_found", "model")
    error = refused(openai.BadRequestError, secret, input=[FINE, " "])
    assert (error.param, error.type) == ("input[1]", "invalid_request_error")
    image: Any = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    error = refused(openai.BadRequestError, secret, input=[image])
    assert (error.param, error.code) == ("input[0]", "unsupported_image")


def test_the_rate_limit(app: App, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """The official client waits as long as the answer says, and then succeeds."""
    api_key = key(app, "decide", rate="1 per second")
    with openai.OpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=0) as client:
        client.moderations.create(input=FINE)
        with pytest.raises(openai.RateLimitError) as caught:
            client.moderations.create(input=FINE)
        assert caught.value.code == "rate_limit_exceeded"
        assert caught.value.response.headers["retry-after-ms"] == "1000"
    with (
        caplog.at_level(logging.INFO, "openai"),
        openai.OpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=2) as client,
    ):
        assert client.moderations.create(input=FINE).results


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "input", "missing_required_parameter"),
        ({"input": None}, "input", "invalid_type"),
        ({"input": 5}, "input", "invalid_type"),
        ({"input": []}, "input", "empty_array"),
        ({"input": ["a"] * 1001}, "input", "array_above_max_length"),
        ({"input": ["a", 5]}, "input[1]", "invalid_type"),
        ({"input": ["a", {"type": "text", "text": "b"}]}, "input[1]", "invalid_type"),
        ({"input": [{"type": "text", "text": "b"}, "a"]}, "input[1]", "invalid_type"),
        ({"input": [{"type": "text"}]}, "input[0].text", "invalid_type"),
        ({"input": [{"type": "sound"}]}, "input[0].type", "invalid_value"),
        ({"input": "x" * 20_481}, "input", "string_above_max_length"),
        ({"input": "\ud800"}, "input", "invalid_value"),
        ({"input": ""}, "input", "invalid_value"),
        ({"input": FINE, "colour": "red"}, None, None),
        ({"input": FINE, "model": 5}, "model", "model_not_found"),
    ],
)
def test_bad_input(client: FlaskClient, body: object, param: str | None, code: str | None) -> None:
    """Each error has OpenAI's format, with the parameter and OpenAI's code."""
    answer = client.post("/v1/moderations", json=body)
    error = answer.get_json()["error"]
    assert answer.status_code in (400, 404)
    assert (error["param"], error["code"], error["type"]) == (param, code, "invalid_request_error")


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"input=a", "application/x-www-form-urlencoded", 415),
        (b'"a"', "application/json", 422),
        (b" " * 5_000_000, "application/json", 413),
    ],
)
def test_not_a_request(client: FlaskClient, data: bytes, kind: str, status: int) -> None:
    """Invalid and too large bodies get an error in the same format."""
    answer = client.post("/v1/moderations", data=data, content_type=kind)
    assert answer.status_code == status
    assert answer.get_json()["error"]["type"] == "invalid_request_error"


def test_a_failure_has_the_same_format(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error does not quote the text."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(FINE)

    monkeypatch.setattr(services_of(app).decider, "decide", broken)
    answer = client.post("/v1/moderations", json={"input": FINE})
    assert (answer.status_code, answer.get_json()["error"]["type"]) == (500, "server_error")
    assert FINE not in answer.get_data(as_text=True)
