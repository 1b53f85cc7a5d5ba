"""While there is no API key, answer only programs on this machine.

Web pages in a browser on this machine can also reach the service, and a proxy on this machine can
forward requests from other machines. Therefore every request is checked:

- The `Host` header must name this service. A web page whose domain name resolves to this machine
  (DNS rebinding) sends its domain name instead.
- A browser's `Sec-Fetch-Site` and `Origin` headers must not name another site or another port.
- The request must have no header that only a proxy adds.

`ANYWHERE` lists the routes that are exempt. New routes are checked unless you add them to
`ANYWHERE`. Once an API key exists, requests authenticate with a key, and these checks are off.
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

# Probes and static files are public. Coral signs its requests, and publishes a comment if the
# answer is an error.
ANYWHERE = frozenset(
    "health.healthz health.readyz desk.static docs.static docs.swagger coral.moderate".split()
)
# Pages without data. Other sites may link to them.
PAGES = frozenset("desk.home desk.blank docs.page".split())

PROXY = re.compile(
    r"(x-)?forwarded(-.*)?|via|x-real-ip|x-client-ip|x-original-.*|true-client-ip|cf-connecting-ip",
    re.IGNORECASE,
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(?::\d*)?", re.IGNORECASE)

NO_KEY = "This service has no API key yet, so it answers only programs on its own machine."
CREATE_ONE = "Create a key (moderation keys create --name NAME --scope decide)"


@dataclass(frozen=True)
class Names:
    """The host names by which requests may call this service, besides this machine's own names."""

    exact: frozenset[str]
    suffixes: tuple[str, ...]  # each with a leading dot
    origin: str | None  # of the public URL

    @classmethod
    def of(cls, settings: Settings) -> Names:
        """Return the host names that the settings allow."""
        url = settings.public_url
        exact = {name for name in settings.allowed_hosts if not name.startswith(".")}
        origin = None
        if url and url.host:
            exact.add(url.host.lower().strip("[]"))
            default = {"http": 80, "https": 443}[url.scheme]
            origin = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port != default else "")
        suffixes = tuple(name for name in settings.allowed_hosts if name.startswith("."))
        return cls(frozenset(exact), suffixes, origin)

    def include(self, host: str) -> bool:
        """Return whether the `Host` header `host` names this service.

        >>> names = Names(frozenset({"rules.example"}), (".rest.akismet.com",), None)
        >>> [names.include(host) for host in ("localhost:80", "[::1]:8000", "a.rest.akismet.com")]
        [True, True, True]
        >>> [names.include(host) for host in ("", "evil.example", "localhost.evil.example")]
        [False, False, False]
        """
        match = _HOST.fullmatch(host)
        if not match:
            return False
        name = match[1].lower().strip("[]")
        return name in self.exact or f".{name}".endswith(self.suffixes) or is_loopback(name)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address always means this machine itself.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost.evil.example")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def register(app: Flask, settings: Settings, authenticator: Authenticator) -> None:
    """Check every request to `app`, as the module describes."""
    app.before_request(partial(_check, Names.of(settings), authenticator))


def _check(names: Names, authenticator: Authenticator) -> None:
    """Raise a `Problem` (403) if the request may come from another machine or another web page."""
    if request.endpoint in ANYWHERE or not authenticator.open():
        return
    objection = _objection(names)
    # Another worker may have seen the first key before this one, and the request may have it.
    if objection and authenticator.open(look=True):
        raise Problem(403, f"{NO_KEY} {objection}.")


def _objection(names: Names) -> str | None:
    """Return why the request may come from elsewhere, and what to do; None if it does not."""
    proxy = next((name for name, _ in request.headers if PROXY.fullmatch(name)), None)
    if proxy:
        return f"The header {proxy} shows that this request came through a proxy. {CREATE_ONE}"
    host = request.headers.get("Host", "")
    if not names.include(host):
        subject = f"'{host[:255]}' is" if _HOST.fullmatch(host) else "This request's Host is"
        allow = "or add the name to MODERATION_ALLOWED_HOSTS"
        return f"{subject} not one of its names. {CREATE_ONE}, {allow}"
    if _from_another_page(names, host):
        return f"A page of another site sent this request. {CREATE_ONE}"
    return None


def _from_another_page(names: Names, host: str) -> bool:
    """Return whether the request comes from a web page of another site or another port.

    Browsers send `Sec-Fetch-Site` to this machine and over HTTPS. They send `Origin` with every
    request that may change something. Other programs send neither header.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    same_origin = origin is not None and _is_own(names, host, origin)
    if origin is not None and not same_origin and (origin, site) != ("null", "same-origin"):
        return True
    if site in (None, "none", "same-origin") or (site == "same-site" and same_origin):
        return False
    is_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    is_page = request.headers.get("Sec-Fetch-Dest") == "document"
    return not (is_link and is_page and request.endpoint in PAGES)


def _is_own(names: Names, host: str, origin: str) -> bool:
    authority = origin.partition("://")[2].lower()
    return authority == host.lower() or origin.lower() == names.origin
