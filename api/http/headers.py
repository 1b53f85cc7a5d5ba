"""Add headers to responses, most of them for security.

They make a browser load nothing from other sites for our pages, and show none of our pages in a
frame.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, g, request

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with 'no-referrer', our own forms send 'Origin: null'
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def register(app: Flask) -> None:
    """Add the security headers to every response of `app`."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    response.headers.extend(
        {name: value for name, value in _SECURITY.items() if name not in response.headers}
    )
    if response.status_code == HTTPStatus.UNAUTHORIZED:  # RFC 9110 requires the header
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="House rules"')
    if request.method == "POST" or "key" in g:
        # The response may quote a comment, or was for the holder of a key.
        response.headers["Cache-Control"] = "no-store"
    return response
