"""Comments of django-contrib-comments, and of apps that build on it, such as django-comments-xtd.

The form asks the service. A rejected comment is an error of the form, so that its author reads what
to change. A comment for a person, or without an answer, is not public. What moderators do in the
admin is sent as verdicts after the response, or later by the command `house_rules`.
"""

from __future__ import annotations

from typing import Any

import django_comments
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.signals import request_finished
from django.db.models import Model
from django.db.models.signals import pre_save
from django_comments.abstracts import CommentAbstractModel
from django_comments.forms import CommentForm
from django_comments.models import CommentFlag
from django_comments.signals import comment_was_flagged

from house_rules import Decision
from house_rules.django.models import Judgement, send_verdicts
from house_rules.django.service import author, decide, messages

MOST_AFTER_A_REQUEST = 20  # verdicts; the command sends the others
_VERDICTS = {CommentFlag.MODERATOR_APPROVAL: "approve", CommentFlag.MODERATOR_DELETION: "reject"}


def connect() -> None:
    """Connect to forms, models and signals."""
    _extend(CommentForm)
    pre_save.connect(_changed, dispatch_uid="house_rules")
    comment_was_flagged.connect(_flagged, dispatch_uid="house_rules")
    request_finished.connect(_finished, dispatch_uid="house_rules")


def _extend(form: Any) -> None:
    """Add the question to the comment form, from which other apps' forms inherit."""
    clean_comment, get_comment_object = form.clean_comment, form.get_comment_object

    def clean(self: Any) -> str:
        text: str = clean_comment(self)
        if "preview" in self.data:
            return text
        self.house_rules_decision = decision = decide(_comment(self, text))
        if decision is not None and decision["action"] == "reject":
            raise ValidationError(messages(decision), "house_rules")
        return text

    def get_object(self: Any, *args: Any, **options: Any) -> Any:
        comment = get_comment_object(self, *args, **options)
        if comment.pk is None:  # otherwise the author has sent the same comment before
            _remember(comment, self.house_rules_decision)
        return comment

    form.clean_comment, form.get_comment_object = clean, get_object


def _comment(form: Any, text: str) -> Any:
    """Return the comment in a form, for the service. Sent again, it gets the same decision."""
    target = form.target_object
    stamp = form.data.get("security_hash", "")[:40]
    return {
        "text": text,
        "id": f"django:{target._meta.label_lower}:{target.pk}:{stamp}",
        "author": author(form.data.get("email", "")),
        "article": str(target)[:500],
    }


def _remember(comment: Any, decision: Decision | None) -> None:
    """Hold a comment unless it is approved, and store its decision."""
    if decision is None or decision["action"] != "approve":
        comment.is_public = False
    Judgement.objects.update_or_create(
        content_type=comment.content_type,
        object_pk=comment.object_pk,
        submitted=comment.submit_date,
        defaults={"decision": decision["id"] if decision else ""},
    )


def judgement(comment: Any) -> Judgement | None:
    """Return what is known about a stored comment."""
    return Judgement.objects.filter(
        content_type=comment.content_type,
        object_pk=comment.object_pk,
        submitted=comment.submit_date,
    ).first()


def _changed(sender: type[Model], instance: Any, *, raw: bool = False, **_: Any) -> None:
    """Remember a verdict if a moderator publishes or removes a comment in any way."""
    if raw or not isinstance(instance, CommentAbstractModel) or instance.pk is None:
        return
    if getattr(instance, "house_rules_own", False):
        return  # this app itself changes the comment
    before = sender._base_manager.filter(pk=instance.pk).values("is_public", "is_removed").first()
    if before is None:
        return
    action = _standing(instance.is_public, instance.is_removed)
    if action and action != _standing(**before):
        _due(instance, action)


def _standing(is_public: bool, is_removed: bool) -> str:
    return "reject" if is_removed else "approve" if is_public else ""


def _flagged(comment: Any, flag: Any, **_: Any) -> None:
    """Remember who approved or removed a comment."""
    if flag.flag in _VERDICTS:
        _due(comment, _VERDICTS[flag.flag], flag.user.get_username())


def _due(comment: Any, action: str, who: str = "") -> None:
    known = judgement(comment)
    if known is not None:
        Judgement.objects.filter(pk=known.pk).update(verdict=action, who=who or known.who)


def _finished(**_: Any) -> None:
    """Send verdicts when the response is on its way, so that no moderator waits."""
    send_verdicts(MOST_AFTER_A_REQUEST)


def ask_again() -> dict[str, int]:
    """Ask about held comments for which the service had no answer. Count what became of them.

    Approved comments are published, and rejected ones are removed.
    """
    counts = {"approve": 0, "review": 0, "reject": 0}
    types = ContentType.objects.get_for_model
    for known in Judgement.objects.filter(decision="", verdict="").order_by("pk"):
        comment = (
            django_comments.get_model()
            ._base_manager.filter(
                content_type=known.content_type,
                object_pk=known.object_pk,
                submit_date=known.submitted,
                is_public=False,
                is_removed=False,
            )
            .first()
        )
        if comment is None:
            continue
        target = comment.content_object
        decision = decide(
            {
                "text": comment.comment,
                "id": f"django:{types(comment).model}:{comment.pk}",
                "author": author(comment.user_email),
                "article": str(target)[:500],
            }
        )
        if decision is None:
            break
        Judgement.objects.filter(pk=known.pk).update(decision=decision["id"])
        counts[decision["action"]] += 1
        comment.is_public = decision["action"] == "approve"
        comment.is_removed = decision["action"] == "reject"
        comment.house_rules_own = True
        comment.save()
    return counts
