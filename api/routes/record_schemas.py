"""What goes over the wire about the record, as the OpenAPI document tells it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.routes.schemas import DecisionOut, Line, Prose, Verdict

Moment = Annotated[
    AwareDatetime,
    Field(ge=dt.datetime(1970, 1, 1, tzinfo=dt.UTC), lt=dt.datetime(9000, 1, 1, tzinfo=dt.UTC)),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DecisionPath(BaseModel):
    """Which decision."""

    decision_id: str = Field(description="The decision's `id`.")


class VerdictIn(_Strict):
    """What a moderator says of a decision."""

    action: Verdict
    who: Line = Field(min_length=1, description="Your own reference to the moderator.")
    reason: Prose | None = None


class AppealIn(_Strict):
    """Why an author thinks that a decision is wrong."""

    reason: Prose = Field(min_length=1)
    who: Line | None = Field(None, description="Your own reference to the author.")


class OutcomeIn(_Strict):
    """How an appeal ends."""

    action: Verdict
    who: Line = Field(min_length=1, description="Someone other than who decided first.")
    reason: Prose = Field(min_length=1)


class WhoIn(_Strict):
    """A moderator."""

    who: Line = Field(min_length=1)


class ReleaseQuery(BaseModel):
    """Who gives a claim back."""

    model_config = ConfigDict(extra="forbid")

    who: Line | None = Field(
        None, min_length=1, description="The moderator; needed here or in a JSON body."
    )


class ClaimIn(WhoIn):
    """Who reads a comment now, and for how long."""

    minutes: int = Field(10, ge=1, le=480)


class EraseIn(_Strict):
    """Whom or what to forget: a comment or an author."""

    comment_id: Line | None = None
    author: Line | None = None
    community: Line | None = Field(
        None,
        description="Only there: the site that a dialect names, or empty for this API's own. "
        "By default everywhere.",
    )


class QueueQuery(BaseModel):
    """Which of the waiting comments."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest", "doubtful"] = "oldest"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = Field(None, description="`next` of the page before.")
    who: Line | None = Field(None, description="Leave out what others have claimed.")
    rule: Line | None = None
    author: Line | None = None
    article: Line | None = None
    language: Line | None = None
    before: Moment | None = None
    after: Moment | None = None


class ExportQuery(BaseModel):
    """What is to be exported."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["record", "dsa"] = Field(
        "record", description="`dsa`: statements for the DSA Transparency Database, refusals only."
    )
    after: Moment | None = None
    before: Moment | None = None


class HistoryOut(BaseModel):
    """All verdicts and all steps of appeals, oldest first."""

    verdicts: list[dict[str, Any]]
    appeals: list[dict[str, Any]]


class RecordedOut(DecisionOut):
    """A decision with what the record adds."""

    comment_id: str | None
    revision: int
    text: str | None = Field(description="Null where it is not kept.")
    author: str | None
    article: str | None
    parent: str | None
    route: str
    decided_at: str
    standing: Verdict = Field(description="What holds now, after verdicts.")
    thresholds: dict[str, Any] = Field(description="Those of the time.")
    doubt: float
    claimed_by: str | None
    claimed_until: str | None
    history: HistoryOut


class QueueOut(BaseModel):
    """A page of the queue."""

    decisions: list[RecordedOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class NoticeOut(BaseModel):
    """What the author is told."""

    decision: str
    action: Verdict
    text: str
    reasons: list[dict[str, Any]]
    guidelines_url: str
    contact: str
    decided_by: Literal["moderator", "automatic"]
    statement_of_reasons: dict[str, Any] | None


class ErasedOut(BaseModel):
    """How much was forgotten."""

    erased: int
