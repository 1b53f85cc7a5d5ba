"""Ask the service that the settings name."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from functools import cache

from django.conf import settings

from house_rules import Comment, Decision, HouseRules, HouseRulesError

log = logging.getLogger(__name__)


@cache
def rules() -> HouseRules:
    """Return the client for `HOUSE_RULES_URL` and `HOUSE_RULES_KEY`.

    A reader waits for the answer, so by default it may take `HOUSE_RULES_DEADLINE` (3) seconds.
    """
    deadline = getattr(settings, "HOUSE_RULES_DEADLINE", 3.0)
    key = getattr(settings, "HOUSE_RULES_KEY", None)
    return HouseRules(settings.HOUSE_RULES_URL, key, timeout=deadline, deadline=deadline, tries=2)


def decide(comment: Comment) -> Decision | None:
    """Return the decision about a comment, or None if there is none: let a person read it."""
    try:
        return rules().moderate(comment)
    except HouseRulesError as error:
        log.warning("House rules gave no decision, so a comment waits for a person: %s", error)
        return None


def author(mail: str) -> str | None:
    """Return an author's reference, which does not reveal the mail address."""
    if not mail:
        return None
    secret = settings.SECRET_KEY.encode()
    digest = hmac.new(secret, mail.strip().lower().encode(), hashlib.sha256).hexdigest()
    return f"django:{digest}"


def messages(decision: Mapping[str, object]) -> list[str]:
    """Return what an author should change, a sentence for each reason."""
    reasons = decision["reasons"]
    assert isinstance(reasons, list)  # noqa: S101 - the client has checked the answer
    return [f"{reason['guideline']} {reason['message']}" for reason in reasons]
