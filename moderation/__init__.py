"""A newspaper's house rules, executable: a comment goes in, a decision with its reasons out."""

from moderation.comment import Comment
from moderation.decision import Action, Decision, Finding
from moderation.moderator import Moderator
from moderation.policy import Policy

__all__ = ["Action", "Comment", "Decision", "Finding", "Moderator", "Policy"]
