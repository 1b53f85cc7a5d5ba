"""A mixin for forms with a comment of your own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from house_rules import Comment, Decision
from house_rules.django.service import decide, messages

_Form = forms.Form if TYPE_CHECKING else object


class HouseRulesFormMixin(_Form):
    """Asks the service about the field `house_rules_field` when the form is cleaned.

    A rejected comment is an error of the form, with the reasons as its messages. After `is_valid`,
    `is_held` says whether a person must read the comment, and `decision` is the decision, or None
    if the service did not answer. Store `decision["id"]` for later verdicts.
    """

    house_rules_field = "text"
    decision: Decision | None = None

    @property
    def is_held(self) -> bool:
        """Whether a person must read the comment before it is published."""
        return self.decision is None or self.decision["action"] != "approve"

    def house_rules_comment(self, text: str) -> Comment:
        """Return the comment to ask about. Override it to add the author and the article."""
        return {"text": text, "id": f"django:{uuid.uuid4()}"}

    def clean(self) -> dict[str, Any] | None:
        """Ask about the comment, unless other errors are known already."""
        cleaned = super().clean()
        text = self.cleaned_data.get(self.house_rules_field)
        if text and not self.errors:
            self.decision = decide(self.house_rules_comment(text))
            if self.decision is not None and self.decision["action"] == "reject":
                error = ValidationError(messages(self.decision), "house_rules")
                self.add_error(self.house_rules_field, error)
        return cleaned
