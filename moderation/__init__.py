"""Decide about a newspaper's comments by its house rules, and give the reasons."""

from moderation.comment import Comment
from moderation.decision import Action, Decision, Finding, Span
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.rules import Rule, Settings
from moderation.text.reading import Text

__all__ = [
    "Action",
    "Comment",
    "Decision",
    "Finding",
    "Moderator",
    "Policy",
    "Rule",
    "Settings",
    "Span",
    "Text",
]
