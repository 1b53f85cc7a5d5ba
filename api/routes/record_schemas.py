"""Requests and responses about the record, as pydantic models for the OpenAPI document."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Strict

from api.record.queue import LONGEST_CLAIM
from api.routes.schemas import DecisionOut, Line, Prose, Verdict

Moment = Annotated[
    AwareDatetime,
    Field(ge=dt.datetime(1970, 1, 1, tzinfo=dt.UTC), lt=dt.datetime(9000, 1, 1, tzinfo=dt.UTC)),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DecisionPath(BaseModel):
    """The part of a path that names a decision."""

    decision_id: str = Field(description="The decision's `id`.")


class VerdictIn(_Strict):
    """A moderator's own decision about a comment."""

    action: Verdict
    who: Line = Field(min_length=1, description="Your own reference to the moderator.")
    reason: Prose | None = None


class AppealIn(_Strict):
    """An author's appeal: why the decision is wrong."""

    reason: Prose = Field(min_length=1)
    who: Line | None = Field(None, description="Your own reference to the author.")


class OutcomeIn(_Strict):
    """A moderator's decision about an appeal."""

    action: Verdict
    who: Line = Field(min_length=1, description="A moderator other than the one who decided first.")
    reason: Prose = Field(min_length=1)


class WhoIn(_Strict):
    """The moderator who does this."""

    who: Line = Field(min_length=1)


class ReleaseQuery(BaseModel):
    """The moderator who gives up a claim on a comment."""

    model_config = ConfigDict(extra="forbid")

    who: Line | None = Field(
        None, min_length=1, description="The moderator. Required here or in a JSON body."
    )


class ClaimIn(WhoIn):
    """The moderator who wants to work on a comment, and for how many minutes."""

    minutes: int = Field(10, ge=1, le=LONGEST_CLAIM // dt.timedelta(minutes=1))


class EraseIn(_Strict):
    """The comment or the author whose data are erased."""

    comment_id: Line | None = None
    author: Line | None = None
    community: Line | None = Field(
        None,
        description="Erase only in this community: the site that another API named, or an empty "
        "string for this API. By default everywhere.",
    )


class HoldIn(_Strict):
    """The comment or the author whose data a legal hold keeps, and until when."""

    comment_id: Line | None = None
    author: Line | None = None
    community: Line | None = Field(None, description="Hold only in this community.")
    until: Annotated[Moment, Strict(False)] | None = Field(
        None, description="When the hold ends: a time with its zone. Without it, the hold ends now."
    )


class QueueQuery(BaseModel):
    """The order, the page and the filters of the moderators' queue."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest", "doubtful"] = "oldest"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = Field(None, description="`next` from the previous page.")
    who: Line | None = Field(
        None, description="A moderator. Comments that others have claimed are left out."
    )
    rule: Line | None = None
    author: Line | None = None
    article: Line | None = None
    language: Line | None = None
    before: Moment | None = None
    after: Moment | None = None


class ChangesQuery(BaseModel):
    """The time and the page of the list of changed decisions."""

    model_config = ConfigDict(extra="forbid")

    changed_since: Moment | None = Field(
        None, description="A time with its zone. By default the list has every decision."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = Field(None, description="`next` from the previous page.")


class ExportQuery(BaseModel):
    """The format and the period of an export."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["record", "dsa"] = Field(
        "record",
        description="`dsa`: statements for the DSA Transparency Database, for rejections only.",
    )
    after: Moment | None = None
    before: Moment | None = None


class HistoryOut(BaseModel):
    """All verdicts on a decision and all steps of appeals against it, oldest first."""

    verdicts: list[dict[str, Any]]
    appeals: list[dict[str, Any]]


class RecordedOut(DecisionOut):
    """A recorded decision, with its history and its place in the moderators' queue."""

    comment_id: str | None
    revision: int
    text: str | None = Field(description="Null if it is not recorded.")
    author: str | None
    article: str | None
    parent: str | None
    route: str
    decided_at: str
    changed_at: str = Field(
        description="When it was recorded, or the time of its last verdict or step of an appeal."
    )
    standing: Verdict = Field(description="The action that applies now, after all verdicts.")
    thresholds: dict[str, Any] = Field(description="The thresholds when the decision was made.")
    doubt: float
    claimed_by: str | None
    claimed_until: str | None
    erase_due_at: str | None = Field(
        description="When it is erased, if that was asked for and a legal hold delays it."
    )
    history: HistoryOut


class QueueOut(BaseModel):
    """A page of the moderators' queue."""

    decisions: list[RecordedOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class AppealOut(BaseModel):
    """An appeal that was received, and when it is due. It says nothing else about the decision."""

    decision: str = Field(description="The `id` of the recorded decision.")
    id: str
    step: Literal["received"]
    at: str
    acknowledge_by: str
    decide_by: str


class ChangesOut(BaseModel):
    """A page of decisions in the order of their last change."""

    decisions: list[RecordedOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class NoticeOut(BaseModel):
    """A notice that explains a decision to the author of the comment."""

    decision: str
    action: Verdict
    text: str
    reasons: list[dict[str, Any]]
    guidelines_url: str
    contact: str
    decided_by: Literal["moderator", "automatic"]
    statement_of_reasons: dict[str, Any] | None


class ErasedOut(BaseModel):
    """The number of decisions whose personal data were erased, and of those that are held."""

    erased: int
    held: int = Field(description="How many a legal hold keeps. They are erased when it ends.")
    held_until: str | None = Field(description="When the last of them is erased.")


class HeldOut(BaseModel):
    """The number of decisions that are held from now on, or whose hold has ended."""

    held: int
    released: int
