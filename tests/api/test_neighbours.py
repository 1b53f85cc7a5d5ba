"""While there is no key: the real service with a real browser and a real proxy on its machine.

The browser (Chromium) shows pages of other origins. The proxy (nginx) forwards requests from
elsewhere.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.api.test_page import ARGUMENTS, CHROMIUM
from tests.faults.nginx import IN_CI, nginx
from tests.faults.service import Service, running, until

TEXT = "A text by its author"
LOGIN = "author-of-the-text"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Run the service without a key, and with one recorded comment."""
    database = f"sqlite:///{tmp_path}/record.sqlite"
    with running(Service(tmp_path / "service", database, workers=1)) as service:
        service.decide(TEXT, id="c1", author=LOGIN)
        yield service


def export(service: Service) -> str:
    """Return the record, as a program on this machine can read it."""
    status, content = service.ask("GET", "/v1/export")
    assert status == 200
    return content.decode()


class Blank(BaseHTTPRequestHandler):
    """Answers every request with an empty page."""

    def do_GET(self) -> None:
        """Send the page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title>")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """Serve another site, and yield its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start headless Chromium, which resolves names such as `evil.example` to this machine."""
    if not Path(CHROMIUM).exists() and not IN_CI:
        pytest.skip("Chromium is not installed here (Debian's package: chromium)")
    rules = "--host-resolver-rules=MAP *.example 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, rules])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page."""
    page = browser.new_page()
    yield page
    page.close()


READ = """async address => {
    try { const answer = await fetch(address); return [answer.status, await answer.text()] }
    catch (error) { return [0, String(error)] }
}"""
SEND = """async ([address, body, type]) => {
    try {
        const headers = {'Content-Type': type}
        await fetch(address, {method: 'POST', mode: 'no-cors', headers, body})
    } catch (error) { return String(error) }
}"""
FORM = """([address, fields]) => {
    const form = document.createElement('form')
    form.method = 'POST'
    form.action = address
    for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement('input')
        input.name = name
        input.value = value
        form.append(input)
    }
    document.body.append(form)
    form.submit()
}"""


def test_dns_rebinding(service: Service, page: Page) -> None:
    """The page's name now resolves to this machine, so the browser sees the same origin."""
    # In an attack the page comes from its own server. Here `/healthz` stands in for it.
    page.goto(f"http://evil.example:{service.port}/healthz")
    status, body = page.evaluate(READ, "/v1/export")
    assert (status, TEXT in body, LOGIN in body) == (403, False, False)
    assert "moderation keys create" in body
    for path in ("/v1/queue", "/v1/guidelines", "/metrics", "/openapi.json", "/try"):
        assert page.evaluate(READ, path)[0] == 403
    page.evaluate(SEND, ["/v1/erase", f'{{"author": "{LOGIN}"}}', "application/json"])
    page.evaluate(SEND, ["/v1/moderate", '{"text": "Made up"}', "application/json"])
    assert LOGIN in export(service)
    assert "Made up" not in export(service)


@pytest.mark.parametrize("host", ["evil.example", "localhost"])
def test_a_page_of_another_site(service: Service, page: Page, elsewhere: int, host: str) -> None:
    """It can neither read nor give verdicts, by simple requests or by forms."""
    ours = f"http://{'localhost' if host == 'localhost' else '127.0.0.1'}:{service.port}"
    page.goto(f"http://{host}:{elsewhere}/")
    suggestion = (
        f'{{"comment": {{"text": "{TEXT}"}}, '
        '"attributeScores": {"HOUSE_RULES": {"summaryScore": {"value": 1}}}}'
    )
    page.evaluate(SEND, [f"{ours}/v1alpha1/comments:suggestscore", suggestion, "text/plain"])
    assert (
        page.evaluate(READ, f"{ours}/v1/export")[0] == 0
    )  # the browser hides the answer from the page
    fields = {"comment_content": TEXT, "blog": "https://paper.example"}
    with page.expect_navigation():
        page.evaluate(FORM, [f"{ours}/1.1/submit-ham", fields])
    assert page.locator("body").inner_text() == "invalid"
    page.goto(f"http://{host}:{elsewhere}/")
    with page.expect_navigation():
        page.evaluate(FORM, [f"{ours}/try", {"text": TEXT}])
    assert "no API key yet" in page.locator("body").inner_text()
    assert '"verdict"' not in export(service).replace('"verdicts"', "")
    assert '"verdicts": []' in export(service)
    assert export(service).count("\n") == 1


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a service without a key and with a host name."""
    folder = tmp_path_factory.mktemp("named")
    environment = {"MODERATION_ALLOWED_HOSTS": "rules.example"}
    database = f"sqlite:///{folder}/record.sqlite"
    with running(
        Service(folder / "service", database, workers=1, environment=environment)
    ) as service:
        yield service


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "rules.example"])
@pytest.mark.parametrize("script", [True, False])
def test_our_own_pages(named: Service, browser: Browser, host: str, script: bool) -> None:
    """They work with every host name of the service, with and without JavaScript."""
    page = browser.new_page(java_script_enabled=script)
    page.goto(f"http://{host}:{named.port}/")
    page.get_by_label("The comment").fill("Too short")
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("heading", name="Waits for a person").wait_for()
    page.close()


def test_a_link_from_another_site(service: Service, page: Page, elsewhere: int) -> None:
    """It opens the page for trying a comment, which then works."""
    page.goto(f"http://evil.example:{elsewhere}/")
    address = f"http://127.0.0.1:{service.port}/try"
    page.evaluate("address => document.body.innerHTML = `<a href='${address}'>Try</a>`", address)
    page.get_by_role("link").click()
    page.get_by_label("The comment").fill("Too short")
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("heading", name="Waits for a person").wait_for()


PROXIES = {
    "for": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "proto": "proxy_set_header X-Forwarded-Proto $scheme;",
    "real": "proxy_set_header X-Real-IP $remote_addr;",
    "host": "proxy_set_header Host $host;",
    "plain": "",
}


@contextlib.contextmanager
def proxied(folder: Path, service: Service) -> Iterator[dict[str, int]]:
    """Run nginx in front of the service. Yield its ports by kind of proxy."""
    target = f"proxy_pass http://127.0.0.1:{service.port};"
    with nginx(
        folder, {name: f"location / {{ {line} {target} }}" for name, line in PROXIES.items()}
    ) as ports:
        yield ports


def needs_key(service: Service, port: int) -> bool:
    """Return whether the service requires a key for requests through this port."""
    return service.ask("GET", "/v1/export", port=port, Host="moderation.example")[0] == 401


def test_through_nginx(service: Service, tmp_path: Path) -> None:
    """Requests through a proxy need a key. With a key, every kind of proxy works."""
    public = {"Host": "moderation.example"}
    erase = {"author": LOGIN}
    with proxied(tmp_path / "nginx", service) as ports:
        for name in ("for", "proto", "real", "host"):
            port = ports[name]
            status, content = service.ask("GET", "/v1/export", port=port, **public)
            assert (name, status, LOGIN.encode() in content) == (name, 403, False)
            assert b"moderation keys create" in content
            assert service.ask("POST", "/v1/erase", erase, port=port, **public)[0] == 403
            assert service.ask("POST", "/v1/moderate", {"text": "a"}, port=port, **public)[0] == 403
        # A proxy without headers of its own looks like a program. A browser behind it does not.
        page = {"Origin": "https://moderation.example", "Sec_Fetch_Site": "same-origin"}
        headers = {**public, **page}
        assert service.ask("POST", "/v1/erase", erase, port=ports["plain"], **headers)[0] == 403
        assert LOGIN in export(service)
        assert "A proxy looks like such a program" in service.stderr  # for `plain` and programs

        key = service.make_key("admin")
        for port in ports.values():
            assert service.ask("GET", "/v1/export", key=key, port=port, **public)[0] == 200
            until(partial(needs_key, service, port), "the service to require a key")
