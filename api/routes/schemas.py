"""What goes over the wire, as the OpenAPI document tells it and pydantic checks it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, SkipValidation

from api.decisions import DecisionRequest
from moderation.comment import Comment

Verdict = Literal["approve", "review", "reject"]
Share = Annotated[float, Field(ge=0, le=1)]


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError(f"holds a NUL character at position {value.index(chr(0))}")
    return value


Line = Annotated[str, Field(max_length=500), AfterValidator(_no_nul)]
Prose = Annotated[str, Field(max_length=100_000), AfterValidator(_no_nul)]


class CommentIn(BaseModel):
    """A comment and what is known around it."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "u r right 🙏", "article": "The new bridge"}]},
    )

    text: str = Field(
        description="What the author wrote: by default at most 20,480 bytes of UTF-8.",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    id: Line | None = Field(
        None,
        validation_alias=AliasChoices("id", "comment_id"),
        description="Your own reference to the comment; `comment_id` is read too.",
    )
    author: Line | None = Field(None, description="Your own reference to the author.")
    article: Prose | None = Field(None, description="Title or text of what it stands under.")
    parent: Prose | None = Field(None, description="The text of the comment it answers.")
    format: Literal["plain", "html"] = Field("plain", description="How `text` is written.")
    dry_run: bool = Field(False, description="Decide, but keep nothing: hints while one types.")
    do_not_store: bool = Field(False, description="Keep the decision, but not the text.")

    def to_request(self) -> DecisionRequest:
        """Return what the `Decider` takes."""
        comment = Comment(**self.model_dump(exclude={"dry_run", "do_not_store"}))
        return DecisionRequest(comment, record=not self.dry_run, store_text=not self.do_not_store)


class BatchIn(BaseModel):
    """Up to 1,000 comments; each is answered or refused on its own."""

    model_config = ConfigDict(extra="forbid", strict=True)

    comments: list[SkipValidation[CommentIn]] = Field(
        min_length=1, max_length=1000, description="The comments, in your order."
    )


class SuggestIn(BaseModel):
    """A comment that is still being written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(
        description="What the author wrote so far.",
        examples=["i think u r right"],
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    format: Literal["plain", "html"] = Field("plain", description="How `text` is written.")


class ChangeOut(BaseModel):
    """One correction: where in the text as received, in code points, and what stands there now."""

    start: int
    end: int
    text: str
    instead: str


class SuggestOut(BaseModel):
    """The comment with all safe corrections made, for a 'did you mean' button."""

    text: str
    changes: list[ChangeOut] = Field(description="In order; none where nothing is to be corrected.")


class SpanOut(BaseModel):
    """A stretch of the text as received, in Unicode code points; `end` is exclusive."""

    start: int
    end: int
    text: str | None = Field(description="Null where the text is not kept.")


class ReasonOut(BaseModel):
    """What a rule found, its guideline, and what followed from it."""

    rule: str
    guideline: str
    score: Share
    message: str = Field(description="One sentence to the author.")
    spans: list[SpanOut]
    suggestion: str | None = Field(
        description="The whole comment with this rule's own correction made, never a part of it; "
        "null where the rule has none."
    )
    action: Verdict


class DecisionOut(BaseModel):
    """What is to be done with a comment, and every reason for it."""

    id: str
    action: Verdict
    reasons: list[ReasonOut] = Field(description="What acted, strictest first.")
    observed: list[ReasonOut] = Field(description="What was found but did not act.")
    scores: dict[str, Share] = Field(description="The models' calibrated probabilities.")
    language: dict[str, Any] = Field(description="`english` 0..1, and the language's `code`.")
    policy: str = Field(description="The hash of the policy that decided.")
    models: dict[str, str] = Field(description="The versions of the models that read.")
    took_ms: float
    recorded: bool = Field(
        description="Whether the record holds it. False with `dry_run`, and while the record "
        "cannot be reached: it is then written as soon as it can."
    )
    comment_id: str | None = Field(None, description="Your `id`.")
    revision: int | None = Field(
        None, description="1 for the first text of a comment, 2 after …; there once it is recorded."
    )


class MistakeOut(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="A JSON pointer (RFC 6901) into the request.")
    detail: str


class ProblemOut(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[MistakeOut] = Field(default=[], description="The fields that are wrong.")


class BatchOut(BaseModel):
    """For every comment its decision, or the problem with it, in the order asked."""

    decisions: list[DecisionOut | ProblemOut]


class GuidelineOut(BaseModel):
    """A rule in words, and from which scores on it acts."""

    rule: str
    guideline: str
    review: Share | None = Field(description="From this score on a person decides; null: never.")
    reject: Share | None = Field(description="From this score on it is refused; null: never.")
    shadow: bool = Field(description="Whether the rule only watches.")


class GuidelinesOut(BaseModel):
    """The house and its rules."""

    name: str
    guidelines_url: str
    max_bytes: int
    policy: str
    rules: list[GuidelineOut]


class ModelOut(BaseModel):
    """A model in use, from its card."""

    name: str
    version: str
    purpose: str | None = None
    heads: list[str] = []
    licence: str | None = None
    made: str | None = None
    data: list[str] = []
    limits: str | None = None


class ModelsOut(BaseModel):
    """The models in use."""

    models: list[ModelOut]


class HealthOut(BaseModel):
    """That the service is up."""

    status: Literal["ok"]
    waiting: int | None = Field(None, description="Decisions that wait for the record.")
    refused: list[str] | None = Field(
        None, description="Why models that were promoted are not in use; those before still are."
    )
