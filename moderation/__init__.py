"""A newspaper's house rules as code: from a comment to a decision with its reasons."""

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
