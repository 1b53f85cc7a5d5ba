"""Send verdicts that are due, and ask about comments that have no decision yet."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand

from house_rules.django.models import send_verdicts


class Command(BaseCommand):
    """`manage.py house_rules`, to be run every few minutes."""

    help = (
        "Send moderators' verdicts that could not be sent, and ask about comments that were held "
        "because the service did not answer. Run it every few minutes."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        """Do both, and say how many."""
        counts = {"approve": 0, "review": 0, "reject": 0}
        if apps.is_installed("django_comments"):
            from house_rules.django.contrib import ask_again  # needs the comment app

            counts = ask_again()
        self.stdout.write(
            f"{send_verdicts()} verdicts sent; asked again: {counts['approve']} approved, "
            f"{counts['review']} held, {counts['reject']} removed"
        )
