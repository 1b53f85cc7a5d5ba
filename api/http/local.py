"""What is refused while there is no key: whatever does not come from a program on this machine.

A web page in a browser on this machine reaches the service too, and so does everyone for whom a
proxy on this machine forwards. Before every request these are checked:

- The `Host` must be a name of this service. A page that has its own name resolved to this machine
  (DNS rebinding) sends its own name.
- A browser's `Sec-Fetch-Site` and `Origin` must not name another site, nor another port.
- There must be no header that only a proxy adds.

`ANYWHERE` lists what is answered all the same. A new route is checked unless it is listed there.
Once there is a key, requests prove by it who they are, and nothing of this is checked.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import partial

from flask import Flask, request

from api.http.auth import Authenticator
from api.http.errors import Problem
from api.settings import Settings

# Probes and static files hold nothing that is not public; Coral signs its requests, and publishes
# a comment when it is refused an answer.
ANYWHERE = frozenset(
    "health.healthz health.readyz desk.static docs.static docs.swagger coral.moderate".split()
)
# Pages without data: a link on another site may lead to them.
PAGES = frozenset("desk.home desk.blank docs.page".split())

PROXY = re.compile(
    r"(x-)?forwarded(-.*)?|via|x-real-ip|x-client-ip|x-original-.*|true-client-ip|cf-connecting-ip",
    re.IGNORECASE,
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(?::\d*)?", re.IGNORECASE)

NO_KEY = "This service has no API key yet, so it answers only programs on its own machine."
MAKE_ONE = "Make a key (moderation keys create --name NAME --scope decide)"


@dataclass(frozen=True)
class Names:
    """The names by which the service may be addressed, besides those of this machine."""

    exact: frozenset[str]
    below: tuple[str, ...]  # each with a dot in front
    origin: str | None  # of the public URL

    @classmethod
    def of(cls, settings: Settings) -> Names:
        """The names in the settings."""
        url = settings.public_url
        exact = {name for name in settings.allowed_hosts if not name.startswith(".")}
        origin = None
        if url and url.host:
            exact.add(url.host.lower().strip("[]"))
            usual = {"http": 80, "https": 443}[url.scheme]
            origin = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port != usual else "")
        below = tuple(name for name in settings.allowed_hosts if name.startswith("."))
        return cls(frozenset(exact), below, origin)

    def hold(self, host: str) -> bool:
        """Whether a `Host` header names this service.

        >>> names = Names(frozenset({"rules.example"}), (".rest.akismet.com",), None)
        >>> [names.hold(host) for host in ("localhost:80", "[::1]:8000", "a.rest.akismet.com")]
        [True, True, True]
        >>> [names.hold(host) for host in ("", "evil.example", "localhost.evil.example")]
        [False, False, False]
        """
        named = _HOST.fullmatch(host)
        if not named:
            return False
        name = named[1].lower().strip("[]")
        return name in self.exact or f".{name}".endswith(self.below) or loopback(name)


def loopback(host: str) -> bool:
    """Whether only this machine reaches a host of this name.

    >>> loopback("127.0.0.1"), loopback("::1"), loopback("localhost.evil.example")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def register(app: Flask, settings: Settings, authenticator: Authenticator) -> None:
    """Check every request to `app`."""
    app.before_request(partial(_check, Names.of(settings), authenticator))


def _check(names: Names, authenticator: Authenticator) -> None:
    """Raise a `Problem` (403) for a request that may come from elsewhere."""
    if request.endpoint in ANYWHERE or not authenticator.open():
        return
    proxy = next((name for name, _ in request.headers if PROXY.fullmatch(name)), None)
    if proxy:
        said = f"The header {proxy} shows that this request came through a proxy."
        raise Problem(403, f"{NO_KEY} {said} {MAKE_ONE}.")
    host = request.headers.get("Host", "")
    if not names.hold(host):
        named = f"'{host[:255]}' is" if _HOST.fullmatch(host) else "This request's Host is"
        allow = "or add the name to MODERATION_ALLOWED_HOSTS"
        raise Problem(403, f"{NO_KEY} {named} not a name of it. {MAKE_ONE}, {allow}.")
    if _from_another_page(names, host):
        raise Problem(403, f"{NO_KEY} This request was made by a page of another site. {MAKE_ONE}.")


def _from_another_page(names: Names, host: str) -> bool:
    """Whether a browser says that a page from elsewhere asks: another site, or another port.

    Programs that are no browsers send neither header. Browsers send `Sec-Fetch-Site` to this
    machine and over HTTPS, and `Origin` with whatever changes something.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    own = origin is not None and _same(names, host, origin)
    if origin is not None and not own and (origin, site) != ("null", "same-origin"):
        return True
    if site in (None, "none", "same-origin") or (site == "same-site" and own):
        return False
    link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    shown = request.headers.get("Sec-Fetch-Dest") == "document"
    return not (link and shown and request.endpoint in PAGES)


def _same(names: Names, host: str, origin: str) -> bool:
    place = origin.partition("://")[2].lower()
    return place == host.lower() or origin.lower() == names.origin
