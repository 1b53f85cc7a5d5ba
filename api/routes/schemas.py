"""The requests and responses of our own API, as pydantic models for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, SkipValidation

from api.decisions import DecisionRequest
from moderation.comment import Comment

Verdict = Literal["approve", "review", "reject"]
Share = Annotated[float, Field(ge=0, le=1)]


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError(f"has a NUL character at position {value.index(chr(0))}")
    return value


Line = Annotated[str, Field(max_length=500), AfterValidator(_no_nul)]
Prose = Annotated[str, Field(max_length=100_000), AfterValidator(_no_nul)]


class CommentIn(BaseModel):
    """A comment to decide about, and its context."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "u r right 🙏", "article": "The new bridge"}]},
    )

    text: str = Field(
        description="What the author wrote. By default at most 20,480 bytes of UTF-8.",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    id: Line | None = Field(
        None,
        validation_alias=AliasChoices("id", "comment_id"),
        description="Your own reference to the comment. `comment_id` is an alias.",
    )
    author: Line | None = Field(None, description="Your own reference to the author.")
    article: Prose | None = Field(None, description="The title or text of the article.")
    parent: Prose | None = Field(None, description="The text of the comment that this one answers.")
    format: Literal["plain", "html"] = Field("plain", description="The format of `text`.")
    dry_run: bool = Field(
        False, description="Decide, but record nothing: for hints while an author types."
    )
    do_not_store: bool = Field(False, description="Record the decision, but not the text.")

    def to_request(self) -> DecisionRequest:
        """Return the comment as a request to the `Decider`."""
        comment = Comment(**self.model_dump(exclude={"dry_run", "do_not_store"}))
        return DecisionRequest(comment, record=not self.dry_run, store_text=not self.do_not_store)


class BatchIn(BaseModel):
    """Up to 1,000 comments. An error in one does not affect the others."""

    model_config = ConfigDict(extra="forbid", strict=True)

    comments: list[SkipValidation[CommentIn]] = Field(
        min_length=1, max_length=1000, description="The comments."
    )


class SuggestIn(BaseModel):
    """A comment that an author is still writing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(
        description="What the author has written so far.",
        examples=["i think u r right"],
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    format: Literal["plain", "html"] = Field("plain", description="The format of `text`.")


class ChangeOut(BaseModel):
    """A correction. `start` and `end` of the replaced part count Unicode code points."""

    start: int
    end: int
    text: str
    instead: str


class SpanOut(BaseModel):
    """A part of the text as received, in Unicode code points. `end` is exclusive."""

    start: int
    end: int
    text: str | None = Field(description="Null if the text is not recorded.")


class HintOut(BaseModel):
    """A finding for the author to mend before posting. It may not be held."""

    rule: str
    message: str = Field(description="One sentence to the author.")
    spans: list[SpanOut]


class SuggestOut(BaseModel):
    """The comment with all safe corrections, for a 'did you mean' button."""

    text: str
    changes: list[ChangeOut] = Field(
        description="In the order of the text; empty if nothing is to be corrected."
    )
    hints: list[HintOut] = Field(
        description="What the author can mend but no correction can: sentences that are not full."
    )


class ReasonOut(BaseModel):
    """What a rule found in a comment, the rule's guideline, and the action that follows."""

    rule: str
    guideline: str
    score: Share
    message: str = Field(description="One sentence to the author.")
    spans: list[SpanOut]
    suggestion: str | None = Field(
        description="The complete comment with the corrections of this rule; null if it has none."
    )
    action: Verdict


class DecisionOut(BaseModel):
    """The action for a comment, and the reasons for it."""

    id: str
    action: Verdict
    reasons: list[ReasonOut] = Field(
        description="The findings that caused the action, strictest first."
    )
    observed: list[ReasonOut] = Field(description="Findings that caused no action.")
    scores: dict[str, Share] = Field(description="Calibrated probabilities from the models.")
    language: dict[str, Any] = Field(description="`english` 0..1, and the language's `code`.")
    policy: str = Field(description="The hash of the policy that decided.")
    models: dict[str, str] = Field(description="The versions of the models that were used.")
    plugins: dict[str, str] | None = Field(
        None,
        description="The package and version of each rule and model that comes from a plug-in. "
        "Absent without plug-ins.",
    )
    took_ms: float
    recorded: bool = Field(
        description="Whether the decision is in the record. False with `dry_run`, and while the "
        "database is down: the decision is then recorded later."
    )
    comment_id: str | None = Field(None, description="Your `id`.")
    revision: int | None = Field(
        None,
        description="1 for the first text of a comment, 2 after an edit, and so on. Set once it "
        "is recorded.",
    )


class MistakeOut(BaseModel):
    """A field of the request that is wrong, and why."""

    pointer: str = Field(description="A JSON pointer (RFC 6901) into the request.")
    detail: str


class ProblemOut(BaseModel):
    """An error response (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[MistakeOut] = Field(default=[], description="The fields that are wrong.")


class BatchOut(BaseModel):
    """A decision or a problem for each comment, in the order of the request."""

    decisions: list[DecisionOut | ProblemOut]


class GuidelineOut(BaseModel):
    """A house rule: its guideline in words, and its thresholds."""

    rule: str
    guideline: str
    review: Share | None = Field(description="From this score on, a person decides. Null: never.")
    reject: Share | None = Field(
        description="From this score on, the comment is rejected. Null: never."
    )
    shadow: bool = Field(description="Whether the rule only observes.")
    plugin: str | None = Field(
        None, description="The package and version of a rule that is a plug-in. Otherwise absent."
    )


class GuidelinesOut(BaseModel):
    """The newspaper and its house rules."""

    name: str
    guidelines_url: str
    max_bytes: int
    policy: str
    rules: list[GuidelineOut]


class ModelOut(BaseModel):
    """A model in use, as its card describes it."""

    name: str
    version: str
    purpose: str | None = None
    heads: list[str] = []
    licence: str | None = None
    made: str | None = None
    data: list[str] = []
    limits: str | None = None


class ModelsOut(BaseModel):
    """All models in use."""

    models: list[ModelOut]


class HealthOut(BaseModel):
    """The state of the service."""

    status: Literal["ok"]
    waiting: int | None = Field(None, description="How many decisions wait for the database.")
    refused: list[str] | None = Field(
        None, description="Why promoted models are not in use. The previous ones still are."
    )
    in_shadow: dict[str, str] | None = Field(
        None, description="Plug-ins that failed or were slow too often, each with the reason."
    )
