"""The web pages. So far: *try a comment*.

The page asks for no key and is not counted, so by default it is there only as long as there is no
key. A process reads one of its comments at a time, and leaves its other threads to the API.
"""

from __future__ import annotations

import threading

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as BaseResponse

from api.desk.marks import pieces
from api.http import errors
from api.http.errors import Problem
from api.routes.schemas import CommentIn
from api.services import moderator, services
from moderation.comment import CommentError
from moderation.decision import short

OFF = (
    "The page for trying a comment is off. By default it is there only as long as there is no API "
    "key; MODERATION_TRY_PAGE=true keeps it."
)
WAIT_S = 2  # after so long a browser may ask again

desk = Blueprint(
    "desk",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/desk/static",
)
desk.add_app_template_filter(short)

_reading = threading.Lock()


def there() -> bool:
    """Whether the page for trying a comment is there now: keys may be made at any time."""
    chosen, authenticator = services().settings, services().authenticator
    if chosen.try_page is not None:
        return chosen.try_page
    return authenticator.unprotected and authenticator.keyless() is True


@desk.before_request
def _there() -> None:
    if request.endpoint != "desk.static" and not there():
        raise Problem(404, OFF)


@desk.get("/")
def home() -> BaseResponse:
    """The way to the page."""
    return redirect(url_for("desk.blank"))


@desk.get("/try")
def blank() -> str:
    """The page, before a comment is written."""
    return render_template("desk/try.html", house=moderator().policy.publication)


@desk.post("/try")
def tried() -> Response:
    """The page with the decision; the page's script takes only that part of it.

    While this process reads another comment for the page, the answer is 503.
    """
    text, article = request.form.get("text", ""), request.form.get("article", "").strip()
    if not _reading.acquire(blocking=False):
        shown = {"house": moderator().policy.publication, "text": text, "article": article}
        page = render_template("desk/try.html", busy=True, **shown)
        return Response(page, 503, {"Retry-After": str(WAIT_S)})
    try:
        return _decided(text, article)
    finally:
        _reading.release()


def _decided(text: str, article: str) -> Response:
    shown = {"house": moderator().policy.publication, "text": text, "article": article}
    try:
        comment = CommentIn(text=text, article=article or None).to_request().comment
        decision = moderator().moderate(comment)
    except CommentError as error:
        mistake = {"field": "text", "says": f"The text {error.message}."}
        return Response(render_template("desk/try.html", mistake=mistake, **shown), 422)
    except ValidationError as error:  # of the text nothing is refused there
        says = f"The article {errors.of_fields(error).errors[0]['detail']}."
        mistake = {"field": "article", "says": says}
        return Response(render_template("desk/try.html", mistake=mistake, **shown), 422)
    marked, rules = pieces(text, decision.reasons), moderator().policy.rules
    return Response(
        render_template("desk/try.html", decision=decision, marked=marked, rules=rules, **shown)
    )
