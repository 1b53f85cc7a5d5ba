"""Comments that an author posts again, with the shipped rules and models and a real record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import create_app
from moderation import Moderator

Post = Callable[..., dict[str, Any]]

HELD = "u r right, the bus 2 our village never comes b4 ten in the morning."
CORRECTED = "You are right, the bus to our village never comes before ten in the morning."


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """Return a moderator with the shipped policy and models."""
    return Moderator.load()


@pytest.fixture
def client(moderator: Moderator, tmp_path: Path) -> FlaskClient:
    """Return a client of the service with an empty record."""
    settings = {
        "TESTING": True,
        "MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite",
        "MODERATION_SPOOL": str(tmp_path / "spool"),
    }
    return create_app(settings, moderator=moderator).test_client()


@pytest.fixture
def post(client: FlaskClient) -> Post:
    """Return a function that posts a comment under a new id and returns the decision."""
    count = 0

    def post(text: str, **fields: object) -> dict[str, Any]:
        nonlocal count
        count += 1
        body = {"text": text, "id": f"c{count}", "author": "ravi", **fields}
        response = client.post("/v1/moderate", json=body)
        assert response.status_code == 200, response.text
        decision: dict[str, Any] = response.get_json()
        return decision

    return post


def rules(decision: dict[str, Any]) -> list[str]:
    """Return the rules that a decision names."""
    return [reason["rule"] for reason in decision["reasons"]]


def verdict(client: FlaskClient, decision: dict[str, Any], action: str) -> None:
    """Record a moderator's verdict on a decision."""
    body = {"action": action, "who": "asha"}
    response = client.post(f"/v1/decisions/{decision['id']}/verdict", json=body)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("held", "corrected"),
    [
        pytest.param(HELD, CORRECTED, id="text speak"),
        pytest.param(CORRECTED.upper(), CORRECTED, id="capitals"),
        pytest.param(f"{CORRECTED} {CORRECTED}", CORRECTED, id="said twice"),
        pytest.param(f"{CORRECTED} Ask me at ravi@mail.test.", CORRECTED, id="an address"),
        pytest.param(f"{CORRECTED} https://bit.ly/abc", CORRECTED, id="a short link"),
    ],
)
@pytest.mark.parametrize("refused", [False, True], ids=["waits", "refused by a person"])
def test_a_correction_is_approved(
    client: FlaskClient, post: Post, held: str, corrected: str, refused: bool
) -> None:
    """A comment that its author was asked to correct does not count as posted."""
    decision = post(held)
    assert decision["action"] != "approve"
    if refused:
        verdict(client, decision, "reject")
    assert (post(corrected)["action"], post("I waited an hour there.")["action"]) == (
        "approve",
        "approve",
    )


def test_a_correction_counts_once_it_is_approved(post: Post) -> None:
    """The corrected comment, posted a second time, is repetition."""
    post(HELD)
    assert post(CORRECTED)["action"] == "approve"
    assert rules(post(CORRECTED)) == ["repetition"]


def test_an_uncorrected_comment_counts(post: Post) -> None:
    """A comment that its author posts again unchanged is repetition."""
    post(HELD)
    assert "repetition" in rules(post(HELD))


def test_a_released_comment_counts(client: FlaskClient, post: Post) -> None:
    """A comment that a moderator approves is published, so saying it again is repetition."""
    verdict(client, post(HELD), "approve")
    again = HELD.replace("u r right", "You r right").replace("village", "village here")
    assert "repetition" in rules(post(again))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "Our new shop in the old market sells good shoes at half the price.", id="approved"
        ),
        pytest.param(
            "WhatsApp us now for guaranteed lottery numbers and instant loans without papers!!",
            id="spam",
        ),
    ],
)
def test_a_campaign_is_held(post: Post, text: str) -> None:
    """The same text, or nearly the same, under five articles is repetition."""
    decisions = [post(text + "!" * number, article=f"Article {number}") for number in range(5)]
    assert all("repetition" in rules(decision) for decision in decisions[1:])
    assert all(decision["action"] != "approve" for decision in decisions[1:])


def test_condolences_are_no_campaign(post: Post) -> None:
    """The same condolence under five articles is approved each time."""
    text = "RIP, sir. My deepest condolences to the family. Om Shanti."
    actions = [post(text, article=f"Article {number}")["action"] for number in range(5)]
    assert actions == ["approve"] * 5
