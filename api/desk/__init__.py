"""Serve the web page *try a comment*, which shows the decision about a comment.

The page needs no API key, and decisions that it shows are not counted. So by default the page
exists only until the first key is created. Each process decides only one comment at a time for the
page, so that the other threads stay free for the API.
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
    "The page for trying a comment is off. By default it exists only while there is no API key. "
    "MODERATION_TRY_PAGE=true keeps it."
)
WAIT_S = 2  # seconds until a browser may try again

desk = Blueprint(
    "desk",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/desk/static",
)
desk.add_app_template_filter(short)

_deciding = threading.Lock()


def try_page_enabled() -> bool:
    """Return whether the page *try a comment* exists now. The first API key may switch it off."""
    settings, authenticator = services().settings, services().authenticator
    if settings.try_page is not None:
        return settings.try_page
    return authenticator.unprotected and authenticator.keyless() is True


@desk.before_request
def _check_there() -> None:
    if request.endpoint != "desk.static" and not try_page_enabled():
        raise Problem(404, OFF)


@desk.get("/")
def home() -> BaseResponse:
    """Redirect to the page *try a comment*."""
    return redirect(url_for("desk.blank"))


@desk.get("/try")
def blank() -> str:
    """Show the page *try a comment* with an empty form."""
    return render_template("desk/try.html", house=moderator().policy.publication)


@desk.post("/try")
def tried() -> Response:
    """Show the page with the decision about the comment that was sent.

    If the page's script sent the comment, it puts only the decision into the page. The status is
    503 while this process decides another comment for the page.
    """
    text, article = request.form.get("text", ""), request.form.get("article", "").strip()
    if not _deciding.acquire(blocking=False):
        context = {"house": moderator().policy.publication, "text": text, "article": article}
        page = render_template("desk/try.html", busy=True, **context)
        return Response(page, 503, {"Retry-After": str(WAIT_S)})
    try:
        return _decided(text, article)
    finally:
        _deciding.release()


def _decided(text: str, article: str) -> Response:
    context = {"house": moderator().policy.publication, "text": text, "article": article}
    try:
        comment = CommentIn(text=text, article=article or None).to_request().comment
        decision = moderator().moderate(comment)
    except CommentError as error:
        mistake = {"field": "text", "says": f"The text {error.message}."}
        return Response(render_template("desk/try.html", mistake=mistake, **context), 422)
    except ValidationError as error:  # only the article can be invalid here
        says = f"The article {errors.of_fields(error).errors[0]['detail']}."
        mistake = {"field": "article", "says": says}
        return Response(render_template("desk/try.html", mistake=mistake, **context), 422)
    marked, rules = pieces(text, decision.reasons), moderator().policy.rules
    return Response(
        render_template("desk/try.html", decision=decision, marked=marked, rules=rules, **context)
    )
