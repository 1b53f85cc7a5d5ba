"""Coral's external moderation phase: `POST /coral/html` and `POST /coral/plain`.

Coral asks before a comment is published, and goes on without an answer that is late, broken or
not exactly as it expects: it fails open. So a request that Coral has signed always gets an
answer it takes, and a comment that could not be judged, or not in time, is withheld for a person.

What Coral makes of an answer (coralproject/talk, its external moderation phases):

- 204 is 'no opinion'. A `status` ends Coral's pipeline, so one that says 'approved' would wave a
  comment past the phases after ours: nothing is said of a comment that is fine.
- Any `moderationAction` tells the author of a rejection: it goes with rejections alone, and
  always beside a `status`, without which the comment would stay published.
- One value that is not in Coral's lists voids the whole answer. The reasons for the DSA are
  therefore `ABUSIVE`, and `OTHER` with the guideline in words.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.decisions import Decider, DecisionRequest
from api.http import errors
from api.http.body import parse
from api.http.errors import Problem
from api.record.history import LOOKED_AT
from api.record.tables import DecisionRow
from api.services import count, services, services_of
from moderation import Comment, Moderator
from moderation.comment import CommentError, Format

ABUSIVE = frozenset({"abuse", "personal_attack", "incendiary"})
FLAGS = {
    **dict.fromkeys([*ABUSIVE, "word_list"], "COMMENT_DETECTED_TOXIC"),
    **dict.fromkeys(["spam", "links", "repetition"], "COMMENT_DETECTED_SPAM"),
}
WITHHELD: dict[str, Any] = {"status": "SYSTEM_WITHHELD", "actions": []}
CAREFUL_FROM_MS = 500  # the careful reader may take a few hundred to say which words weighed
AT_ONCE = 8  # comments judged together in a worker, which has as many threads
MOST_SIGNATURES = 10

log = logging.getLogger(__name__)

coral = Blueprint("coral", __name__, url_prefix="/coral")


class _Part(BaseModel):
    """A part of what Coral sends; whatever is not read here may be anything."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Said(_Part):
    body: str
    parent: str | None = Field(None, alias="parentID")


class _Author(_Part):
    id: str


class _Story(_Part):
    id: str
    url: str = ""


class Call(_Part):
    """One request of Coral: a comment, new or edited, before it is published."""

    action: str
    comment: _Said
    author: _Author
    story: _Story
    tenant: str = Field("", alias="tenantID")

    @property
    def place(self) -> str:
        """Who wrote where. Coral names no comment, so this and its text have to tell it."""
        parts = (self.tenant, self.story.id, self.author.id, self.comment.parent or "")
        return f"coral:{_digest(parts)[:32]}:"

    def named(self, form: Format) -> str:
        """The same for the same comment: Coral asks again when an author insists on it."""
        return self.place + _digest([form, self.comment.body])[:32]


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass
class Budget:
    """Decides, but answers in time: what takes longer goes on, and is kept, without an answer."""

    keeper: Decider
    seconds: float
    careful: bool = True
    pool: ThreadPoolExecutor = field(
        # Its threads begin with the first comment, so that gunicorn may fork before.
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="coral")
    )

    @property
    def moderator(self) -> Moderator:
        """The house's moderator as it is now, or with the fast reader alone."""
        now = self.keeper.moderator
        return now if self.careful else fast(now)

    def decide(self, call: Call, form: Format) -> dict[str, Any]:
        """The decision. Raises `TimeoutError`, and whatever deciding raises."""
        deciding = self.pool.submit(self._decide, call, form)
        left = self.seconds - (time.perf_counter() - g.began)
        try:
            return deciding.result(max(left, 0))
        finally:
            deciding.cancel()  # what has not even begun

    def _decide(self, call: Call, form: Format) -> dict[str, Any]:
        known = self._edited(call) if call.action == "EDIT" else None
        comment = Comment(
            call.comment.body,
            id=known or call.named(form),
            author=call.author.id,
            article=call.story.url or None,
            format=form,
        )
        return self.keeper.decide(
            [DecisionRequest(comment)], route="coral", moderator=self.moderator
        )[0]

    def _edited(self, call: Call) -> str | None:
        """The author's last comment at this place: an edit is a revision, and no repetition."""
        query = (
            select(DecisionRow.comment_id)
            .where(DecisionRow.community == "", DecisionRow.author == call.author.id)
            .order_by(DecisionRow.sequence.desc())
            .limit(LOOKED_AT)
        )
        if self.keeper.circuit.open:
            return None
        try:
            with self.keeper.sessions() as session:
                found = [one for one in session.scalars(query) if one]
        except SQLAlchemyError as error:
            self.keeper.circuit.failed(error)
            return None
        return next((one for one in found if one.startswith(call.place)), None)


@coral.record
def _prepare(state: BlueprintSetupState) -> None:
    """Each app has a budget of its own, and with it the reader that keeps within it."""
    services = services_of(state.app)
    allowed_ms = services.settings.coral_budget_ms
    careful = allowed_ms >= CAREFUL_FROM_MS
    state.app.extensions["coral"] = Budget(services.decider, allowed_ms / 1000, careful)


def budget_of(app: App) -> Budget:
    """Return the budget of `app`."""
    budget: Budget = app.extensions["coral"]
    return budget


def fast(moderator: Moderator) -> Moderator:
    """Return a moderator with the same policy, including its hash, but only the fast model."""
    fast = Moderator(moderator.policy, moderator.models, scorer="fast")
    return fast.observed(moderator.on_check)


@coral.post("/<any(html, plain):form>")
def moderate(form: Format) -> Response:
    """What becomes of a comment, or 204 where nothing speaks against it.

    The path names the format that the phase is set to in Coral.
    """
    raw = request.get_data()
    _check_signature(raw)
    try:
        decision = budget_of(current_app).decide(Call.model_validate(parse(raw)), form)
    except TimeoutError:
        log.warning("a comment was not judged in time; it was withheld")
    except CommentError as error:
        log.warning("a comment cannot be judged (%s); it was withheld", error.field)
    except (Problem, ValidationError) as error:
        log.error("Coral's request cannot be read (%s); it was withheld", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - whatever breaks, Coral would let the comment pass
        errors.log_error(error)
    else:
        count([decision], "coral")
        told = answer(decision)
        return jsonify(told) if told else Response(status=204)
    count([{"action": "review"}], "coral")
    return jsonify(WITHHELD)


def _check_signature(raw: bytes) -> None:
    """Raise a `Problem` unless one of the signatures was made with one of our secrets."""
    secrets = services().settings.coral_secrets
    if not secrets:
        raise Problem(503, "Set MODERATION_CORAL_SECRETS to the signing secret of the phase.")
    header = request.headers.get("X-Coral-Signature", "")
    given = [part.strip() for part in header.split(",")[:MOST_SIGNATURES]]
    expected = [signature(secret.get_secret_value(), raw) for secret in secrets]
    # All are compared, so that the time tells nothing.
    same = [hmac.compare_digest(one.encode(), two.encode()) for one in given for two in expected]
    if not any(same):
        raise Problem(401, "X-Coral-Signature was not made with a secret that is known here.")


def signature(secret: str, raw: bytes) -> str:
    """A signature as Coral writes it.

    >>> signature("empsec_0", b"{}")[:20]
    'sha256=46c0f28b72ad1'
    """
    return f"sha256={hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}"


def answer(decision: Mapping[str, Any]) -> dict[str, Any]:
    """The decision in Coral's words; empty where nothing speaks against the comment.

    >>> answer({"action": "approve", "reasons": []})
    {}
    """
    if decision["action"] == "approve":
        return {}
    reasons = decision["reasons"]
    flags = dict.fromkeys(FLAGS[one["rule"]] for one in reasons if one["rule"] in FLAGS)
    told: dict[str, Any] = {
        "status": "REJECTED" if decision["action"] == "reject" else WITHHELD["status"],
        "actions": [{"actionType": "FLAG", "reason": reason} for reason in flags],
    }
    if decision["action"] == "reject":
        why = {"status": "REJECTED", "rejectionReason": _rejection(reasons)}
        told["moderationAction"] = why
    return told


def _rejection(reasons: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The reason in the terms of the DSA form: the guideline, and what to change."""
    refused = [reason for reason in reasons if reason["action"] == "reject"]
    first = refused[0]
    said = " ".join(f"{reason['guideline']} {reason['message']}" for reason in refused)
    if first["rule"] in ABUSIVE:
        return {"code": "ABUSIVE", "detailedExplanation": said}
    return {"code": "OTHER", "customReason": first["guideline"], "detailedExplanation": said}
