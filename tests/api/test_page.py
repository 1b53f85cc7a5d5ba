"""The page in a real browser: by keyboard, by script and without, and for everyone."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # as it is
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from api import App

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = """--no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync""".split()
REFUSED = "the server responded with a status of 422"  # so Chromium logs what the page expects

pytestmark = pytest.mark.skipif(
    not os.path.exists(CHROMIUM) and os.environ.get("CI") != "true",  # noqa: PTH110 - a guard
    reason="Chromium is not installed here (Debian's package: chromium)",
)


class Quiet(WSGIRequestHandler):
    """Logs no requests."""

    def log(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def url(app: App) -> Iterator[str]:
    """Where the small service listens."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Opens a path. At the end: nothing was asked of another host, nothing went wrong."""
    asked: list[str] = []
    wrong: list[str] = []
    pages: list[Page] = []

    def watched(path: str, **options: Any) -> Page:
        page = browser.new_page(**options)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.goto(url + path)
        pages.append(page)
        return page

    yield watched
    for page in pages:
        page.close()
    assert [one for one in asked if not one.startswith((url, "data:"))] == []
    assert [one for one in wrong if REFUSED not in one] == []


def test_by_keyboard_alone(opened: Callable[..., Page]) -> None:
    """Tab to the field, type, decide; the decision takes the focus and the words are marked."""
    page = opened("/try")
    while page.evaluate("document.activeElement.id") != "text":
        page.keyboard.press("Tab")
    page.keyboard.type("It is 🙏 LOUD, you idiot.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="Not published")
    expect(heading).to_be_focused()
    marked = page.locator("mark").evaluate("mark => mark.firstChild.textContent")
    assert marked == "LOUD"
    expect(page.locator(".reasons li")).to_have_count(2)
    assert page.url.endswith("/try")


def test_control_enter(opened: Callable[..., Page]) -> None:
    """Ctrl+Enter in the field decides too."""
    page = opened("/try")
    page.get_by_label("The comment").fill("Well said.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Published")).to_be_focused()


def test_examples(opened: Callable[..., Page]) -> None:
    """An example is put into the field and decided, with its own line."""
    page = opened("/try")
    page.get_by_role("button", name="WHY IS NOBODY").click()
    expect(page.get_by_role("heading", name="Waits for a person")).to_be_visible()
    expect(page.get_by_label("The comment")).to_have_value(re.compile("^WHY IS NOBODY .*WENT\\?$"))


def test_markup_stays_text(opened: Callable[..., Page]) -> None:
    """Markup in a comment is shown as typed and runs nothing."""
    attack = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    page = opened("/try")
    page.get_by_label("The comment").fill(attack)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".words")).to_have_text(attack)
    assert page.locator(".words img, .words script").count() == 0
    assert "taken" not in page.title()


def test_a_mistake(opened: Callable[..., Page]) -> None:
    """An empty comment is told at the field, which takes the focus; then it can be mended."""
    page = opened("/try")
    field = page.get_by_label("The comment")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_contain_text("The text is empty")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("Well said.")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
    assert field.get_attribute("aria-invalid") is None


def test_a_mistake_in_the_article(opened: Callable[..., Page]) -> None:
    """It is told at the article's field, which takes the focus, and is gone once it is mended."""
    page = opened("/try")
    page.get_by_label("The comment").fill("Well said.")
    field = page.get_by_label("The article")
    field.fill("x" * 100_001)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_contain_text("The article must have at most")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("A bridge")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
    assert field.get_attribute("aria-invalid") is None


def test_without_javascript(opened: Callable[..., Page]) -> None:
    """The form alone gives the same decision; what needs the script is not shown."""
    page = opened("/try", java_script_enabled=False)
    expect(page.get_by_role("button", name="WHY IS NOBODY")).to_be_hidden()
    page.get_by_label("The comment").fill("LOUD 🙏 & proud")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("heading", name="Waits for a person")).to_be_visible()
    expect(page.get_by_label("The comment")).to_have_value("LOUD 🙏 & proud")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", [None, "LOUD 🙏 you idiot", "Well said.", "LOUD u"])
def test_accessible(opened: Callable[..., Page], scheme: str, text: str | None) -> None:
    """axe finds nothing to mend, in light and in dark, before a decision and after each."""
    page = opened("/try", color_scheme=scheme, reduced_motion="reduce")
    if text:
        page.get_by_label("The comment").fill(text)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".verdict")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_fits_the_window(opened: Callable[..., Page], width: int) -> None:
    """Nothing must be scrolled sideways, however long a word."""
    page = opened("/try", viewport={"width": width, "height": 800})
    page.get_by_label("The comment").fill("X" * 3000 + " LOUD")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".verdict")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_api_page(opened: Callable[..., Page]) -> None:
    """The API's page draws the document, from here alone."""
    page = opened("/docs")
    expect(page.get_by_text("/v1/moderate", exact=True)).to_be_visible()
