"""Take the README's screenshot of the page for trying a comment.

Run `python docs/screenshot.py`; it needs Chromium.
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from api import create_app

PICTURE = Path(__file__).with_name("try-a-comment.png")
COMMENT = "Mr. Sharma is an idiot n everyone knows it 🙏 Call me on 98765 43210."
WIDTH, HEIGHT = 1180, 1000


def main() -> None:
    """Start the service, submit one comment on its page, and save a screenshot of the answer."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce"
        )
        page.goto(f"http://127.0.0.1:{server.port}/try")
        page.get_by_label("The comment").fill(COMMENT)
        page.keyboard.press("Control+Enter")
        page.locator(".verdict").wait_for()
        page.screenshot(path=PICTURE)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
