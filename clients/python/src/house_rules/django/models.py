"""What is known about comments of other apps: their decisions, and verdicts to send."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from django.db import models

from house_rules import HouseRulesError, RefusedError
from house_rules.django.service import log, rules


class Judgement(models.Model):
    """A comment's decision. The comment is identified by what it is about and its exact time.

    An app may store a comment later, or in a table of its own, so there is no key to refer to.
    """

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_pk = models.CharField(max_length=255)
    submitted = models.DateTimeField()
    decision = models.CharField(max_length=64, blank=True, help_text="Empty: not decided yet.")
    verdict = models.CharField(max_length=16, blank=True, help_text="A verdict to be sent.")
    who = models.CharField(max_length=150, blank=True)

    class Meta:
        """A comment has one judgement."""

        constraints = (
            models.UniqueConstraint(
                fields=["content_type", "object_pk", "submitted"], name="house_rules_comment"
            ),
        )
        indexes = (models.Index(fields=["verdict"], name="house_rules_verdict"),)

    def __str__(self) -> str:
        return self.decision or "not decided"

    def send(self) -> bool:
        """Send the verdict. Return whether it is done; otherwise it is to be tried again."""
        try:
            rules().give_verdict(self.decision, self.verdict, self.who or "django")  # type: ignore[arg-type] # an action
        except RefusedError as error:
            log.error("House rules refused a verdict: %s", error)
        except HouseRulesError as error:
            log.warning("A verdict could not be sent; it is sent later: %s", error)
            return False
        Judgement.objects.filter(pk=self.pk, verdict=self.verdict).update(verdict="")
        return True


def send_verdicts(most: int | None = None) -> int:
    """Send verdicts that are due, at most `most`. Return how many were sent.

    Stops at the first that cannot be sent.
    """
    waiting = Judgement.objects.exclude(verdict="").exclude(decision="").order_by("pk")
    sent = 0
    for judgement in waiting[:most]:
        if not judgement.send():
            break
        sent += 1
    return sent
