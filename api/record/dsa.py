"""Statements of reasons under the EU's Digital Services Act (DSA).

Field names and allowed values are those of the DSA Transparency Database (`POST /api/v1/statement`,
its StatementStoreRequest) and of Regulation (EU) 2022/2065, Article 17. A statement contains
neither the author's words nor a reference to a person. It does not name sensitive rules such as
`self_harm`. If only sensitive rules acted, it gives just their category.
"""

from __future__ import annotations

from typing import Any

from api.record.tables import DecisionRow
from moderation import rules
from moderation.policy import Publication

_OTHER = ("STATEMENT_CATEGORY_OTHER_VIOLATION_TC", None)
_BULLYING = ("STATEMENT_CATEGORY_CYBER_VIOLENCE", "KEYWORD_CYBER_BULLYING_INTIMIDATION")
_CATEGORIES: dict[str, tuple[str, str | None]] = {
    "incendiary": ("STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH", "KEYWORD_HATE_SPEECH"),
    "personal_attack": _BULLYING,
    "abuse": ("STATEMENT_CATEGORY_CYBER_VIOLENCE", "KEYWORD_CYBER_HARASSMENT"),
    "personal_details": ("STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", None),
    # There is an official keyword for language requirements.
    "language": ("STATEMENT_CATEGORY_OTHER_VIOLATION_TC", "KEYWORD_LANGUAGE_REQUIREMENTS"),
}
_SELF_HARM = ("STATEMENT_CATEGORY_SELF_HARM", "KEYWORD_SUICIDE")


def article_17(row: DecisionRow, publication: Publication) -> dict[str, Any]:
    """Return a statement of reasons with all points that Article 17(3) of the DSA requires."""
    return {
        "restriction": "The comment is not shown.",
        "territory": publication.territory,
        "duration": "indefinite",
        "facts": _facts(row),
        "source": "own initiative: every comment is checked when it is sent",
        "automated_detection": True,
        "automated_decision": not row.verdicts,
        "ground": "incompatible with the community guidelines",
        "clauses": [reason["guideline"] for reason in _reasons(row)],
        "explanation": _explanation(row),
        "redress": [
            f"an appeal to {publication.name} ({publication.contact}), "
            f"decided within {publication.decide_days} days",
            publication.appeals_body,
            "the courts",
        ],
        "grievance_officer": publication.grievance_officer,
    }


def statement(row: DecisionRow, publication: Publication) -> dict[str, Any]:
    """Return the statement of reasons for a decision.

    It has the fields of the DSA Transparency Database.
    """
    category, keyword = _category(row)
    day = row.decided_at.date().isoformat()
    guidelines = "; ".join(reason["guideline"] for reason in _reasons(row))
    return {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_DISABLED"],
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "decision_ground_reference_url": publication.guidelines_url,
        "incompatible_content_ground": (guidelines or "Community guidelines")[:500],
        "incompatible_content_explanation": _explanation(row)[:2000],
        "incompatible_content_illegal": "No",
        "content_type": ["CONTENT_TYPE_TEXT"],
        "category": category,
        "category_specification": [keyword] if keyword else [],
        "content_date": day,
        "application_date": day,
        "decision_facts": _facts(row)[:5000],
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": (
            "AUTOMATED_DECISION_PARTIALLY" if row.verdicts else "AUTOMATED_DECISION_FULLY"
        ),
        "puid": row.id,
    }


def _category(row: DecisionRow) -> tuple[str, str | None]:
    """Return the DSA category and keyword of the first rule that is not sensitive.

    If only sensitive rules acted, the category is self-harm.
    """
    named = [reason["rule"] for reason in _reasons(row)]
    if not named and row.reasons:
        return _SELF_HARM
    return _CATEGORIES.get(named[0] if named else "", _OTHER)


def _reasons(row: DecisionRow) -> list[dict[str, Any]]:
    """Return the reasons that a statement may name.

    Leaves out reasons of sensitive rules such as `self_harm`, which only people who need them may
    see.
    """
    return [reason for reason in row.reasons if reason["rule"] not in rules.sensitive()]


def _facts(row: DecisionRow) -> str:
    who = "a moderator then decided" if row.verdicts else "the software decided"
    rules = ", ".join(f"{reason['rule']} ({reason['score']:.2f})" for reason in _reasons(row))
    return (
        f"The comment was checked by software on {row.decided_at:%Y-%m-%d}; {who}. "
        f"Rules that acted, with their scores: {rules or 'none'}."
    )


def _explanation(row: DecisionRow) -> str:
    """Return sentences that say which guidelines the comment broke.

    For each guideline they give the rule's score, and the thresholds when the comment was decided.
    """
    parts = []
    for reason in _reasons(row):
        limits = row.thresholds.get(reason["rule"], {})
        parts.append(
            f"The guideline “{reason['guideline']}” was not kept: the score was "
            f"{reason['score']:.2f}, where a person looks from {limits.get('review')} and the "
            f"comment is refused from {limits.get('reject')}."
        )
    return " ".join(parts) or "A moderator found that the comment does not keep the guidelines."
