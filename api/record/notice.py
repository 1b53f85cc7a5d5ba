"""Write the letter that tells an author what was decided, by which guideline, and how to appeal."""

from __future__ import annotations

from typing import Any

from api.record import decisions, dsa
from api.record.tables import DecisionRow
from moderation.policy import Publication

_OPENING = {
    "approve": "Your comment is published.",
    "review": "Your comment waits for one of our moderators, who will read it soon.",
    "reject": "Your comment was not published.",
}


def notice(row: DecisionRow, publication: Publication, *, sensitive: bool = True) -> dict[str, Any]:
    """Return the letter that tells an author about a decision, as one text and in parts.

    If the comment was refused, the letter has the statement of reasons that Article 17 of the EU's
    Digital Services Act (DSA) requires. Only a refusal restricts the author, so other letters have
    no statement. Without `sensitive`, leaves out the findings of sensitive rules such as
    `self_harm`.
    """
    refused = row.standing == "reject"
    decision = decisions.to_dict(row)
    shown = decision if sensitive else decisions.hide_sensitive(decision)
    reasons = [] if row.standing == "approve" else shown["reasons"]
    return {
        "decision": row.id,
        "action": row.standing,
        "text": _text(row, publication, reasons),
        "reasons": [
            {
                "rule": reason["rule"],
                "guideline": reason["guideline"],
                "message": reason["message"],
                "quotes": [span["text"] for span in reason["spans"] if span["text"]],
                "suggestion": reason["suggestion"],
            }
            for reason in reasons
        ],
        "guidelines_url": publication.guidelines_url,
        "contact": publication.contact,
        "decided_by": "moderator" if row.verdicts else "automatic",
        "statement_of_reasons": dsa.article_17(row, publication) if refused else None,
    }


def _text(row: DecisionRow, publication: Publication, reasons: list[dict[str, Any]]) -> str:
    paragraphs = [_OPENING[row.standing]]
    for reason in reasons:
        quotes = [f"“{span['text']}”" for span in reason["spans"][:3] if span["text"]]
        place = f" You wrote: {', '.join(quotes)}." if quotes else ""
        paragraphs.append(f"Our guideline: “{reason['guideline']}” {reason['message']}{place}")
    if row.verdicts and row.verdicts[-1].reason:
        paragraphs.append(f"The moderator says: {row.verdicts[-1].reason}")
    if row.standing != "approve":
        how = "A person decided this." if row.verdicts else "This was decided by our software."
        paragraphs.append(
            f"{how} If you think it is wrong, you can appeal; someone else will look at it within "
            f"{publication.decide_days} days. Write to {publication.contact}. "
            f"All guidelines: {publication.guidelines_url}"
        )
    return "\n\n".join(paragraphs)
