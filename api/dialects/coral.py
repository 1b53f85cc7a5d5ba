"""Decide about comments for Coral, a comment system: `POST /coral/html` and `POST /coral/plain`.

Coral checks a comment in phases before it publishes the comment. In an external moderation phase it
calls this service. Coral ignores an answer that is late, broken or not exactly as expected, and
then publishes the comment. So every request that Coral has signed gets a valid answer. If there is
no decision in time, the answer withholds the comment for a person.

How Coral reads an answer (coralproject/talk, external moderation phases):

- 204 means 'no opinion'. Any `status` ends Coral's pipeline, so 'approved' would skip the later
  phases. For this reason a comment without objections gets 204.
- A `moderationAction` tells the author about a rejection. It is sent only with rejections, and
  always with a `status`, without which the comment would stay published.
- A value that Coral does not know, or an empty text, voids the whole answer. Coral has eleven codes
  for the reason of a rejection, since its first version that reads a `moderationAction`.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.decisions import Decider, DecisionRequest
from api.http import errors
from api.http.body import parse, read_body
from api.http.errors import Problem
from api.http.rates import UsedUpError
from api.record.history import MAX_COMMENTS
from api.record.storable import reference
from api.record.tables import DecisionRow
from api.services import count, services, services_of
from moderation import Comment, Moderator
from moderation.comment import CommentError, Format

CODES = {  # the reasons of rules that Coral has a code for; all others are OTHER
    "abuse": "ABUSIVE",
    "personal_attack": "HARASSMENT_BULLYING",
    "incendiary": "HATE_SPEECH",
    "word_list": "BANNED_WORD",
    "off_topic": "IRRELEVANT_CONTENT",
    **dict.fromkeys(["spam", "links", "repetition"], "SPAM"),
}
FLAGS = {
    **dict.fromkeys(
        ["abuse", "personal_attack", "incendiary", "word_list"], "COMMENT_DETECTED_TOXIC"
    ),
    **dict.fromkeys(["spam", "links", "repetition"], "COMMENT_DETECTED_SPAM"),
}
WITHHELD: dict[str, Any] = {"status": "SYSTEM_WITHHELD", "actions": []}
CAREFUL_FROM_MS = 500  # explaining the careful model's scores may take a few hundred
AT_ONCE = 8  # concurrent decisions in a worker, which has as many threads
MOST_SIGNATURES = 10

log = logging.getLogger(__name__)

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
Reference = Annotated[str, AfterValidator(reference)]

coral = Blueprint("coral", __name__, url_prefix="/coral")


class _Part(BaseModel):
    """A part of Coral's request. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _CommentPart(_Part):
    body: str
    parent: str | None = Field(None, alias="parentID")


class _Author(_Part):
    id: Reference


class _Story(_Part):
    id: str
    url: Reference = ""


class Call(_Part):
    """Coral's request to decide about a new or edited comment."""

    action: str
    comment: _CommentPart
    author: _Author
    story: _Story
    tenant: str = Field("", alias="tenantID")

    @property
    def place(self) -> str:
        """A prefix for the comment's id: a hash of the story, the author and the parent comment.

        Coral sends no comment id, so this module computes one.
        """
        parts = (self.tenant, self.story.id, self.author.id, self.comment.parent or "")
        return f"coral:{_digest(parts)[:32]}:"

    def comment_id(self, form: Format) -> str:
        """Return an id for the comment: a prefix and a hash of the comment's text.

        If Coral sends a comment again, the comment gets the same id again.
        """
        return self.place + _digest([form, self.comment.body])[:32]


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass
class Budget:
    """Decides about comments within a time limit, because Coral does not wait longer.

    A decision that takes longer is still recorded.
    """

    decider: Decider
    seconds: float
    careful: bool = True
    pool: ThreadPoolExecutor = field(
        # The threads start with the first comment, because gunicorn forks before.
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="coral")
    )

    @property
    def moderator(self) -> Moderator:
        """The moderator in use. If the time limit is short, it uses only the fast model."""
        moderator = self.decider.moderator
        return moderator if self.careful else fast(moderator)

    def decide(self, call: Call, form: Format) -> dict[str, Any]:
        """Return the decision about a comment.

        Raises `TimeoutError` if the time limit is over, and the exceptions of `Decider.decide`.
        """
        deciding = self.pool.submit(self._decide, call, form)
        remaining_s = self.seconds - (time.perf_counter() - g.began)
        try:
            return deciding.result(max(remaining_s, 0))
        finally:
            deciding.cancel()  # has an effect only if it has not started

    def _decide(self, call: Call, form: Format) -> dict[str, Any]:
        edited = self._edited(call) if call.action == "EDIT" else None
        comment = Comment(
            call.comment.body,
            id=edited or call.comment_id(form),
            author=call.author.id,
            article=call.story.url or None,
            format=form,
        )
        return self.decider.decide(
            [DecisionRequest(comment)], route="coral", moderator=self.moderator
        )[0]

    def _edited(self, call: Call) -> str | None:
        """Return the id of the comment that was edited.

        That is the author's last comment whose id has the prefix `place`. Returns None if the
        record has none or cannot be read.
        """
        query = (
            select(DecisionRow.comment_id)
            .where(DecisionRow.community == "", DecisionRow.author == call.author.id)
            .order_by(DecisionRow.sequence.desc())
            .limit(MAX_COMMENTS)
        )
        if self.decider.circuit.open:
            return None
        try:
            with self.decider.sessions() as session:
                ids = [id_ for id_ in session.scalars(query) if id_]
        except SQLAlchemyError as error:
            self.decider.circuit.failed(error)
            return None
        return next((id_ for id_ in ids if id_.startswith(call.place)), None)


@coral.record
def _prepare(state: BlueprintSetupState) -> None:
    """Create the app's `Budget`, which limits the time to decide about a comment from Coral.

    The settings say how long this may take.
    """
    services = services_of(state.app)
    allowed_ms = services.settings.coral_budget_ms
    careful = allowed_ms >= CAREFUL_FROM_MS
    state.app.extensions["coral"] = Budget(services.decider, allowed_ms / 1000, careful)


def budget_of(app: App) -> Budget:
    """Return the `Budget` of `app`, which decides about comments from Coral in time."""
    budget: Budget = app.extensions["coral"]
    return budget


def fast(moderator: Moderator) -> Moderator:
    """Return a copy of a moderator that uses only the fast model.

    It has the same policy, so its decisions carry the same policy hash.
    """
    fast_only = Moderator(
        moderator.policy, moderator.models, scorer="fast", guards=moderator.guards
    )
    return fast_only.observed(moderator.on_check)


@coral.post("/<any(html, plain):form>")
def moderate(form: Format) -> Response:
    """Answer what Coral should do with a comment, or 204 if there is no objection.

    The last part of the path, `html` or `plain`, must be the format that Coral's phase is set to.
    """
    _require_signature()
    raw = read_body()
    _check_signature(raw)
    try:
        call = Call.model_validate(parse(raw))
        _count(call)
        decision = budget_of(current_app).decide(call, form)
    except TimeoutError:
        log.warning("a comment was not decided in time; it was withheld")
    except CommentError as error:
        log.warning("a comment cannot be decided (%s); it was withheld", error.field)
    except UsedUpError:
        log.warning("Coral's comments are over the rate; one was withheld")
    except (Problem, ValidationError) as error:
        log.error("Coral's request cannot be read (%s); it was withheld", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - on an error Coral would publish the comment
        errors.log_error(error)
    else:
        count([decision], "coral")
        content = answer(decision)
        return jsonify(content) if content else Response(status=204)
    count([{"action": "review"}], "coral")
    return jsonify(WITHHELD)


def _count(call: Call) -> None:
    """Count a comment against the rate of Coral. Raises `UsedUpError` if it is over the limit."""
    meter = services().authenticator.meter
    meter.count_request("coral", "")
    meter.count_comments([Comment(call.comment.body, article=call.story.url)])


def _require_signature() -> None:
    """Raise `Problem` unless the request may be signed, before its body is received."""
    if not services().settings.coral_secrets:
        raise Problem(503, "Set MODERATION_CORAL_SECRETS to the signing secret of the phase.")
    if not _SIGNATURE.search(request.headers.get("X-Coral-Signature", "")):
        raise Problem(401, "Sign the request in the header X-Coral-Signature.")


def _check_signature(raw: bytes) -> None:
    """Raise `Problem` unless the request has a signature made with a secret in the settings."""
    secrets = services().settings.coral_secrets
    header = request.headers.get("X-Coral-Signature", "")
    received = [part.strip() for part in header.split(",")[:MOST_SIGNATURES]]
    expected = [signature(secret.get_secret_value(), raw) for secret in secrets]
    # Compare all of them, so that timing reveals nothing.
    matches = [hmac.compare_digest(a.encode(), b.encode()) for a in received for b in expected]
    if not any(matches):
        raise Problem(401, "X-Coral-Signature was not made with a secret that is known here.")


def signature(secret: str, raw: bytes) -> str:
    """Return the signature of the body `raw` in Coral's format: `sha256=` and an HMAC in hex.

    >>> signature("empsec_0", b"{}")[:20]
    'sha256=46c0f28b72ad1'
    """
    return f"sha256={hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}"


def answer(decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return a decision in Coral's format. The result is empty if there is no objection.

    >>> answer({"action": "approve", "reasons": []})
    {}
    """
    if decision["action"] == "approve":
        return {}
    reasons = decision["reasons"]
    flags = dict.fromkeys(FLAGS[reason["rule"]] for reason in reasons if reason["rule"] in FLAGS)
    content: dict[str, Any] = {
        "status": "REJECTED" if decision["action"] == "reject" else WITHHELD["status"],
        "actions": [{"actionType": "FLAG", "reason": reason} for reason in flags],
    }
    if decision["action"] == "reject":
        reason = _rejection(reasons, decision["scores"])
        content["moderationAction"] = {"status": "REJECTED", "rejectionReason": reason}
    return content


def _rejection(reasons: Iterable[Mapping[str, Any]], scores: Mapping[str, float]) -> dict[str, str]:
    """Return why a comment was rejected, in the form that Coral needs for its reports.

    Coral makes these reports for the EU's Digital Services Act (DSA).
    """
    rejecting = [reason for reason in reasons if reason["action"] == "reject"]
    first = rejecting[0]
    code = CODES.get(first["rule"], "OTHER")
    if code == "HATE_SPEECH" and scores.get("threat", 0.0) > scores.get("identity_attack", 0.0):
        code = "HARASSMENT_BULLYING"  # `incendiary` is about threats too
    explanation = " ".join(f"{reason['guideline']} {reason['message']}" for reason in rejecting)
    rejection = {"code": code, "detailedExplanation": explanation.strip()}
    if code == "OTHER":
        rejection["customReason"] = first["guideline"].strip() or first["message"]
    return {name: value for name, value in rejection.items() if value}
