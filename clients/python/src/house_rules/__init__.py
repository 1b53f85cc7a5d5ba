"""A client for House rules, comment moderation that newspapers run themselves.

    rules = HouseRules("https://moderation.example", key="hr-…")
    decision = rules.moderate({"text": "u r right", "id": "c-17", "author": "ravi"})
    if decision["action"] == "reject":
        show(decision["reasons"][0]["message"])

The client retries a request a few times if the service cannot be reached, is not ready, or the
key's rate limit is used up. If there is still no answer, it raises `UnansweredError`: let a person
read the comment, and do not publish it. A retried comment keeps its decision, because the service
recognises its `id`. The client gives comments without an id one of its own (`client:…`).
"""

from house_rules.aio import AsyncHouseRules
from house_rules.client import HouseRules
from house_rules.errors import HouseRulesError, RefusedError, UnansweredError
from house_rules.hints import Hints
from house_rules.types import Action, Comment, Decision, Problem, Reason, Recorded, Span

__all__ = [
    "Action",
    "AsyncHouseRules",
    "Comment",
    "Decision",
    "Hints",
    "HouseRules",
    "HouseRulesError",
    "Problem",
    "Reason",
    "Recorded",
    "RefusedError",
    "Span",
    "UnansweredError",
]
