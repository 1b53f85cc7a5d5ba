"""A validator for the text of a comment."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible

from house_rules.django.service import decide, messages


@deconstructible
class HouseRulesValidator:
    """Refuses a text that the house rules reject. The reasons are the errors.

    A text for a person to read, and one without an answer, are valid: a validator cannot hold them.
    The service records nothing. Use `forms.HouseRulesFormMixin` to hold comments too.
    """

    code = "house_rules"

    def __call__(self, text: str) -> None:
        """Raise `ValidationError` if the text would be rejected."""
        decision = decide({"text": text, "dry_run": True}) if text.strip() else None
        if decision is not None and decision["action"] == "reject":
            raise ValidationError(messages(decision), self.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HouseRulesValidator)

    def __hash__(self) -> int:
        return hash(self.code)
