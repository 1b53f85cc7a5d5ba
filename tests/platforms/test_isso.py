"""Our recipe for Isso, in a real Isso, over HTTP: nothing is published unasked, nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, expect

from tests.api.test_page import browser
from tests.api.test_page import pytestmark as with_chromium
from tests.faults.service import Service, until
from tests.platforms.conftest import new_key
from tests.platforms.isso_site import Isso
from tests.platforms.stand_ins import Hanging

__all__ = ["browser"]

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "clients.md").read_text("utf-8")
SECTION = DOCUMENTED.partition("\n## Isso\n")[2].partition("\n## ")[0]
GOOD = "The new bridge has cut my way to work by half an hour, thanks to you."
ABUSE = "You are a stupid idiot and a liar, and everyone knows it."
DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."
NOWHERE = "http://127.0.0.1:9"


class Newspaper:
    """An Isso, the service, and keys for it."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{service.port}"
        self.key = new_key(service, "decide", "verdict")
        self.isso = Isso(folder)
        self._service = service
        self._admin = new_key(service, "admin")
        self._seen = 0

    def begin(self, test: str) -> None:
        """Start with a page and an author of its own."""
        name = "".join(letter for letter in test if letter.isalpha())
        self.isso.author, self.isso.page = f"{name}@example.com", f"/{name}/"
        self._seen = len(self._export())

    def decisions(self) -> list[dict[str, Any]]:
        """Return this test's decisions."""
        return self._export()[self._seen :]

    def standing(self) -> list[str]:
        """Return what now counts for each of the decisions."""
        return [row["standing"] for row in self.decisions()]

    def _export(self) -> list[dict[str, Any]]:
        status, lines = self._service.ask("GET", "/v1/export", key=self._admin)
        assert status == 200
        return [json.loads(line) for line in lines.decode().splitlines()]


@pytest.fixture(scope="module")
def site(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newspaper]:
    """A newspaper whose Isso runs."""
    newspaper = Newspaper(service, tmp_path_factory.mktemp("isso"))
    with newspaper.isso.running(newspaper.url, newspaper.key):
        yield newspaper


@pytest.fixture
def newspaper(site: Newspaper, request: pytest.FixtureRequest) -> Newspaper:
    """The newspaper. Each test has its own page and author."""
    site.begin(request.node.name)
    return site


@pytest.fixture
def isso(newspaper: Newspaper) -> Isso:
    """The newspaper's Isso."""
    return newspaper.isso


def test_comments(isso: Isso, newspaper: Newspaper) -> None:
    """Approved comments are public, doubtful ones pending, rejected ones refused with reasons."""
    published = [
        GOOD,
        "The new park is a joy for all of us 🙏🏽 and the children 👨‍👩‍👧 love it.",
        'It\'s the "old" bridge that we love, and C:\\plans\\new.txt says that we keep it.',
    ]
    held = [
        DOUBTFUL,
        "Pathetic journalism",
        "Please call me on 98765 43210 if you want to see the house.",
    ]
    refused = [
        ABUSE,
        "You are a stupid id**i**ot and a liar, and all of us know that by now.",
        "यह पुल बहुत अच्छा है और हम सब इससे खुश हैं।",
    ]
    spam = (
        "Earn $500 a day from home! [Click here](https://bit.ly/x1), or join "
        "https://t.me/fastcash and www.win-big.example now!!!"
    )
    assert [isso.post(text)[0] for text in published] == [201] * 3
    assert [isso.post(text)[0] for text in held] == [202] * 3
    for text in refused:
        status, answer = isso.post(text)
        reasons = newspaper.decisions()[-1]["reasons"]
        assert status == 403
        assert reasons
        assert all(reason["message"] in answer["message"] for reason in reasons)
    assert isso.post(spam)[0] in {202, 403}
    assert isso.public() == published
    decisions = newspaper.decisions()
    assert len(decisions) == len({row["comment_id"] for row in decisions}) == 10
    assert isso.author not in json.dumps(decisions)


def test_a_reply(isso: Isso, newspaper: Newspaper) -> None:
    """The service gets the comment that a reply answers, and the article's title."""
    parent = isso.post("The bridge was painted in a colour that I do not like at all.")[1]["id"]
    reply = "I rather like it, since it matches the river in the evening."
    assert isso.post(reply, parent)[0] == 201
    assert reply in isso.public()
    decision = newspaper.decisions()[-1]
    assert decision["parent"] == "The bridge was painted in a colour that I do not like at all."
    assert decision["article"] == "The new bridge"


def test_an_author_edits(isso: Isso, newspaper: Newspaper) -> None:
    """An edit is a new revision. It is public again once it is approved."""
    comment = isso.post(GOOD)[1]["id"]
    status, answer = isso.edit(comment, ABUSE)
    assert (status, answer["mode"], isso.public()) == (200, 2, [])
    better = "The new bridge is too narrow for the buses, and that should be mended."
    status, answer = isso.edit(comment, better)
    assert (status, answer["mode"], isso.public()) == (200, 1, [better])
    assert [row["revision"] for row in newspaper.decisions()] == [1, 2, 3]


def test_verdicts(isso: Isso, newspaper: Newspaper) -> None:
    """What the moderator does is a verdict. What the author does is none."""
    comment = isso.post(DOUBTFUL)[1]["id"]
    key = isso.pending()[comment]
    isso.moderate(comment, "activate", key)
    assert isso.public() == [DOUBTFUL]
    until(lambda: newspaper.standing() == ["approve"], "an approval")
    isso.moderate(comment, "delete", key)
    assert isso.public() == []
    until(lambda: newspaper.standing() == ["reject"], "a rejection")
    isso.take_back(isso.post(GOOD)[1]["id"])
    isso.take_back(isso.post(f"{DOUBTFUL} I take it back.")[1]["id"])
    last = isso.post(f"{DOUBTFUL} I mean it.")[1]["id"]
    isso.moderate(last, "activate", isso.pending()[last])
    until(lambda: newspaper.standing() == ["reject", "approve", "review", "approve"], "the last")


def test_a_text_that_the_service_refuses(isso: Isso, newspaper: Newspaper) -> None:
    """It waits for the moderator."""
    long = " ".join([GOOD] * 400)
    status, answer = isso.post(long)
    assert (status, answer["mode"], isso.public()) == (202, 2, [])
    isso.moderate(answer["id"], "activate", isso.pending()[answer["id"]])
    assert isso.public() == [long]
    assert newspaper.decisions() == []


def test_a_moderator_cuts_out_the_insult(isso: Isso, newspaper: Newspaper) -> None:
    """The verdict is about the edited text, and not about the insult."""
    comment = isso.post(GOOD)[1]["id"]
    isso.edit(comment, ABUSE)
    key = isso.pending()[comment]
    isso.moderate(comment, "edit", key, text=DOUBTFUL)
    isso.moderate(comment, "activate", key)
    until(lambda: newspaper.standing() == ["approve", "reject", "approve"], "a verdict")
    assert isso.public() == [DOUBTFUL]


def test_ids_are_used_again(isso: Isso, newspaper: Newspaper) -> None:
    """SQLite gives a new comment the id of a deleted one. The service knows them apart."""
    ids = []
    for text in (DOUBTFUL, f"{DOUBTFUL} I said so.", f"{DOUBTFUL} I said so twice."):
        ids.append(isso.post(text)[1]["id"])
        isso.moderate(ids[-1], "delete", isso.pending()[ids[-1]])
    assert len(set(ids)) == 1
    until(lambda: newspaper.standing() == ["reject"] * 3, "three verdicts")
    assert [row["revision"] for row in newspaper.decisions()] == [1, 1, 1]


@pytest.mark.parametrize("fault", ["away", "hanging", "wrong key"])
def test_without_a_decision(service: Service, tmp_path: Path, fault: str) -> None:
    """Comments and edits are pending, and asked about again. Verdicts wait."""
    newspaper = Newspaper(service, tmp_path)
    newspaper.begin(fault)
    isso = newspaper.isso
    deleted = f"The harbour office opens again next week, which is {fault}."
    approved = f"{DOUBTFUL} It is {fault} again."

    def verdicts() -> dict[str, str]:
        rows = newspaper.decisions()
        return {
            text: row["standing"]
            for row in rows
            for text in (deleted, approved)
            if f">{text}<" in row["text"]
        }

    with isso.running(newspaper.url, newspaper.key):
        edited = isso.post(f"{GOOD} It was {fault}.")[1]["id"]
    with Hanging() as hanging:
        url = {"away": NOWHERE, "hanging": hanging.url, "wrong key": newspaper.url}[fault]
        with isso.running(url, "hr-wrong"):
            assert isso.edit(edited, f"{GOOD} It is not {fault} any more.")[0] == 200
            assert isso.post(f"The market hall looks splendid, says {fault}.")[0] == 202
            assert isso.post(f"{ABUSE} It is {fault}.")[0] == 202
            taken_back = isso.post(f"{DOUBTFUL} I take it back.")[1]["id"]
            isso.take_back(taken_back)
            comment = isso.post(deleted)[1]["id"]
            isso.moderate(comment, "delete", isso.pending()[comment])
            same_id = isso.post(f"{DOUBTFUL} It is {fault}.")[1]["id"]
            assert same_id == comment == taken_back
            last = isso.post(approved)[1]["id"]
            isso.moderate(last, "activate", isso.pending()[last])
            assert isso.public() == [approved]
    with isso.running(newspaper.url, newspaper.key):
        until(lambda: len(newspaper.decisions()) == 7, "the decisions")
        until(lambda: verdicts() == {deleted: "reject", approved: "approve"}, "the verdicts")
        published = {
            f"{GOOD} It is not {fault} any more.",
            f"The market hall looks splendid, says {fault}.",
            approved,
        }
        until(lambda: {*isso.public()} == published, "the approved comments")
        assert len(isso.pending()) == 2


@with_chromium
def test_a_reader_sees_the_reasons(browser: Browser, isso: Isso) -> None:
    """In Isso's own page, with the documented script."""
    (script,) = re.findall(r"(?ms)^ *<script>\n(.*?)^ *</script>", SECTION)
    page = browser.new_page()
    shown: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        shown.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.add_init_script(script)
    page.goto(f"{isso.url}/demo/")
    box = page.locator(".isso-textarea").first
    for text in (ABUSE, GOOD):
        box.fill(text)
        page.get_by_role("button", name="Submit").first.click()
    expect(page.locator(".isso-comment .isso-text").last).to_have_text(GOOD)
    (message,) = shown
    assert "Be civil: no insults" in message
    page.close()
