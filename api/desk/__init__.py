"""The web pages. So far: *try a comment*."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from api.desk.marks import pieces
from api.v1 import moderator
from moderation import Comment
from moderation.comment import CommentError
from moderation.decision import short

desk = Blueprint(
    "desk",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/desk/static",
)
desk.add_app_template_filter(short)


@desk.get("/")
def home() -> BaseResponse:
    """The way to the page."""
    return redirect(url_for("desk.blank"))


@desk.get("/try")
def blank() -> str:
    """The page, before a comment is written."""
    return render_template("desk/try.html", house=moderator().policy.house)


@desk.post("/try")
def tried() -> Response:
    """The page with the decision; the page's script takes only that part of it."""
    text, article = request.form.get("text", ""), request.form.get("article", "").strip()
    shown = {"house": moderator().policy.house, "text": text, "article": article}
    try:
        decision = moderator().moderate(Comment(text, article=article or None))
    except CommentError as error:
        return Response(render_template("desk/try.html", mistake=error.message, **shown), 422)
    marked, rules = pieces(text, decision.reasons), moderator().policy.rules
    return Response(
        render_template("desk/try.html", decision=decision, marked=marked, rules=rules, **shown)
    )
