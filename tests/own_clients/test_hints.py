"""`<house-rules-hints>` in a real browser: the demo's page and server, and the running service."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # as it is
from playwright.sync_api import Browser, Page, Route, expect

from api import App
from tests.api.dialects.conftest import decided
from tests.api.test_page import browser
from tests.api.test_page import pytestmark as with_chromium
from tests.own_clients.test_javascript import NODE

__all__ = ["browser"]
pytestmark = [with_chromium, pytest.mark.skipif(NODE is None, reason="no node here")]

DEMO = Path(__file__).parents[2] / "clients" / "javascript" / "demo" / "server.mjs"


@pytest.fixture
def demo(url: str) -> Iterator[str]:
    """The address of the demo's own server, which asks the service."""
    with subprocess.Popen(  # noqa: S603 - our own
        [NODE or "node", DEMO],
        env={**os.environ, "HOUSE_RULES_URL": url, "PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1]
        server.terminate()


@pytest.fixture
def page(browser: Browser, demo: str) -> Iterator[Page]:
    """The demo. At the end: no errors and no refused styles or scripts."""
    wrong: list[str] = []
    opened = browser.new_page()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text))
    opened.goto(demo)
    yield opened
    opened.close()
    assert [line for line in wrong if "503" not in line] == []


def write(page: Page, text: str) -> None:
    """Type a text into the comment field."""
    page.get_by_label("Your comment").fill(text)


def test_words_are_marked_and_explained(app: App, page: Page) -> None:
    """The author sees what to change while typing. Nothing is recorded."""
    write(page, "🙏 You r an idiot, sir. The bridge is late.")
    expect(page.locator("mark")).to_have_text(["r"])
    expect(page.get_by_role("listitem").filter(has_text="Write")).not_to_have_count(0)
    expect(page.get_by_role("status")).to_have_text(re.compile("^\\d things to change$"))
    assert decided(app) == []


def test_the_marks_are_behind_the_words(page: Page) -> None:
    """Each mark is in the field, and the copy has its lines, also scrolled and on a phone."""
    lines = [f"Line {number} is about the bridge." for number in range(30)]
    write(page, "\n".join([*lines, "It is 🙏 late, n u r an idiot."]))
    expect(page.locator("mark")).not_to_have_count(0)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        field = page.get_by_label("Your comment")
        field.evaluate("field => field.scrollTop = field.scrollHeight")
        marks = page.locator(".marks")
        expect(marks).to_have_js_property("scrollTop", field.evaluate("field => field.scrollTop"))
        height, copied = (
            field.evaluate("f => f.scrollHeight"),
            marks.evaluate("m => m.scrollHeight"),
        )
        assert abs(height - copied) <= 24  # at most the line break that ends the copy


def test_a_correction_by_keyboard(page: Page) -> None:
    """Tab to a correction, press Enter: the text changes, and Ctrl+Z brings it back."""
    page.get_by_label("Your comment").focus()
    page.keyboard.type("u r right, the bus is late.")
    button = page.get_by_role("button", name=re.compile("instead of “u"))
    expect(button).to_be_visible()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    field = page.get_by_label("Your comment")
    expect(field).to_be_focused()
    expect(field).to_have_value(re.compile("^You"))
    page.keyboard.press("Control+z")
    expect(field).to_have_value("u r right, the bus is late.")


def test_a_correction_after_an_emoji(page: Page) -> None:
    """Places count code points, and JavaScript's strings do not."""
    write(page, "👍🏽 Well, u are right.")
    page.get_by_role("button", name="Write “you” instead of “u”").click()
    expect(page.get_by_label("Your comment")).to_have_value("👍🏽 Well, you are right.")
    expect(page.get_by_role("listitem")).to_have_count(0)


def test_the_latest_text_counts(page: Page) -> None:
    """An answer about an earlier text is not shown, however late it comes."""
    waiting: list[Route] = []
    page.route("**/hints", lambda route: waiting.append(route))
    field = page.locator("house-rules-hints")
    write(page, "You are an idiot, sir.")
    field.evaluate("element => { element.check(); }")
    write(page, "The bridge is fine.")
    field.evaluate("element => { element.check(); }")
    page.wait_for_timeout(50)
    for route in reversed(waiting):
        route.continue_()
    expect(page.get_by_role("status")).to_have_text("")
    expect(page.get_by_role("listitem")).to_have_count(0)


@pytest.mark.parametrize("failure", ["503", "no answer"])
def test_without_an_answer_the_author_may_post(page: Page, failure: str) -> None:
    """No hints and no message: the service decides when the comment is posted."""
    page.route("**/hints", lambda route: route.fulfill(status=503) if failure == "503" else None)
    write(page, "You are an idiot, sir.")
    page.wait_for_timeout(900)
    expect(page.get_by_role("listitem")).to_have_count(0)
    expect(page.get_by_role("button", name="Post")).to_be_enabled()


def test_markup_is_shown_and_not_run(page: Page) -> None:
    """Words of a comment are never read as HTML."""
    write(page, "<img src=x onerror=alert(1)> you idiot <b>hm</b> u r right")
    expect(page.locator("mark")).not_to_have_count(0)
    assert page.evaluate("document.querySelectorAll('img, b').length") == 0


def test_other_words_and_the_event(page: Page) -> None:
    """A site may use its own language, send a token, and listen for answers."""
    page.evaluate(
        """() => {
            const element = document.querySelector("house-rules-hints");
            element.labels = {...element.labels, some: (count) => `${count} Hinweise`};
            element.headers = {"X-CSRF": "t-1"};
            element.addEventListener("house-rules-hints", ({detail}) => {
                window.heard = detail.action;
            });
        }"""
    )
    with page.expect_request("**/hints") as asked:
        write(page, "You are an idiot, sir.")
    assert asked.value.headers["x-csrf"] == "t-1"
    expect(page.get_by_role("status")).to_have_text("2 Hinweise")
    assert page.evaluate("window.heard") == "reject"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_accessible(page: Page, scheme: Literal["light", "dark"], width: int) -> None:
    """axe finds nothing to mend, with hints on the page."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    write(page, "u r an idiot, sir.")
    expect(page.get_by_role("button", name=re.compile("instead of"))).not_to_have_count(0)
    found: Any = Axe().run(page)
    assert found.violations_count == 0, json.dumps(found.response["violations"], indent=1)
