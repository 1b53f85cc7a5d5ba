"""A moderator who works in wp-admin, over HTTP."""

from __future__ import annotations

import html
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from tests.faults.service import PATIENCE_S
from tests.platforms.site import Site

ASHA = ("asha", "a password")  # an administrator
COMMENTS = "/wp-admin/edit-comments.php"


class Moderator:
    """A person who is logged in."""

    def __init__(self, site: Site, user: str = ASHA[0], password: str = ASHA[1]) -> None:
        self.site = site
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.get("/wp-login.php")  # sets the cookie that the form needs
        page = self.post("/wp-login.php", {"log": user, "pwd": password})
        assert "loginform" not in page

    def get(self, path: str, **query: Any) -> str:
        """Return a page, after redirects."""
        query_string = f"?{urllib.parse.urlencode(query, doseq=True)}" if query else ""
        return self._read(self.site.url + path + query_string, None)

    def post(self, path: str, form: dict[str, Any]) -> str:
        """Send a form. Return the page that follows."""
        return self._read(self.site.url + path, urllib.parse.urlencode(form, doseq=True).encode())

    def bulk(self, action: str, *comments: int, status: str = "all") -> None:
        """Apply a bulk action to comments, as the list's form does."""
        nonce = field(self.get(COMMENTS, comment_status=status), "_wpnonce")
        self.get(
            COMMENTS,
            **{"delete_comments[]": comments, "action": action, "_wpnonce": nonce},
            _wp_http_referer=COMMENTS,  # where it leads back to
        )

    def edit(self, comment: int, text: str, status: str) -> None:
        """Save a comment's page with another text and a status ('1', '0' or 'spam')."""
        page = self.get("/wp-admin/comment.php", action="editcomment", c=comment)
        form = {name: value for name, value in inputs(page).items() if name != "save"}
        changes = {"content": text, "comment_status": status, "mm": form["hidden_mm"], "save": 1}
        self.post("/wp-admin/comment.php", {**form, **changes})

    def _read(self, url: str, body: bytes | None) -> str:
        with self._opener.open(url, body, timeout=PATIENCE_S) as answer:
            content: bytes = answer.read()
        return content.decode()


def field(page: str, name: str) -> str:
    """Return the value of a page's first input of this name."""
    return inputs(page)[name]


def inputs(page: str) -> dict[str, str]:
    """Return the values of a page's inputs by name, the first of each name."""
    values: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r"""([\w-]+)=["']([^"']*)["']""", tag))
        if attributes.get("type") in {"radio", "checkbox", "submit", "button"}:
            continue
        values.setdefault(attributes.get("name", ""), html.unescape(attributes.get("value", "")))
    return values
