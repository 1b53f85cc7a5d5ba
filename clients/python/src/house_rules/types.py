"""The API's requests and answers. `make docs` writes them from the OpenAPI document."""

from typing import Any, Literal, NotRequired, TypedDict

Action = Literal["approve", "review", "reject"]


class Comment(TypedDict):
    """A comment to decide about, and its context."""

    text: str
    id: NotRequired[str | None]
    author: NotRequired[str | None]
    article: NotRequired[str | None]
    parent: NotRequired[str | None]
    format: NotRequired[Literal["plain", "html"]]
    dry_run: NotRequired[bool]
    do_not_store: NotRequired[bool]


class Span(TypedDict):
    """A part of the text as received, in Unicode code points. `end` is exclusive."""

    start: int
    end: int
    text: str | None


class Reason(TypedDict):
    """What a rule found in a comment, the rule's guideline, and the action that follows."""

    rule: str
    guideline: str
    score: float
    message: str
    spans: list[Span]
    suggestion: str | None
    action: Action


class Decision(TypedDict):
    """The action for a comment, and the reasons for it."""

    id: str
    action: Action
    reasons: list[Reason]
    observed: list[Reason]
    scores: dict[str, float]
    language: dict[str, Any]
    policy: str
    models: dict[str, str]
    plugins: NotRequired[dict[str, str] | None]
    took_ms: float
    recorded: bool
    comment_id: NotRequired[str | None]
    revision: NotRequired[int | None]


class Mistake(TypedDict):
    """A field of the request that is wrong, and why."""

    pointer: str
    detail: str


class Problem(TypedDict):
    """An error response (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[Mistake]]


class Batch(TypedDict):
    """A decision or a problem for each comment, in the order of the request."""

    decisions: list[Decision | Problem]


class Change(TypedDict):
    """A correction. `start` and `end` of the replaced part count Unicode code points."""

    start: int
    end: int
    text: str
    instead: str


class Hint(TypedDict):
    """A finding for the author to mend before posting. It may not be held."""

    rule: str
    message: str
    spans: list[Span]


class Suggest(TypedDict):
    """The comment with all safe corrections, for a 'did you mean' button."""

    text: str
    changes: list[Change]
    hints: list[Hint]


class Guideline(TypedDict):
    """A house rule: its guideline in words, and its thresholds."""

    rule: str
    guideline: str
    review: float | None
    reject: float | None
    shadow: bool
    plugin: NotRequired[str | None]


class Guidelines(TypedDict):
    """The newspaper and its house rules."""

    name: str
    guidelines_url: str
    max_bytes: int
    policy: str
    rules: list[Guideline]


class Model(TypedDict):
    """A model in use, as its card describes it."""

    name: str
    version: str
    purpose: NotRequired[str | None]
    heads: NotRequired[list[str]]
    licence: NotRequired[str | None]
    made: NotRequired[str | None]
    data: NotRequired[list[str]]
    limits: NotRequired[str | None]


class Models(TypedDict):
    """All models in use."""

    models: list[Model]


class Health(TypedDict):
    """The state of the service."""

    status: str
    waiting: NotRequired[int | None]
    refused: NotRequired[list[str] | None]
    in_shadow: NotRequired[dict[str, str] | None]


class History(TypedDict):
    """All verdicts on a decision and all steps of appeals against it, oldest first."""

    verdicts: list[dict[str, Any]]
    appeals: list[dict[str, Any]]


class Recorded(TypedDict):
    """A recorded decision, with its history and its place in the moderators' queue."""

    id: str
    action: Action
    reasons: list[Reason]
    observed: list[Reason]
    scores: dict[str, float]
    language: dict[str, Any]
    policy: str
    models: dict[str, str]
    plugins: NotRequired[dict[str, str] | None]
    took_ms: float
    recorded: bool
    comment_id: str | None
    revision: int
    text: str | None
    author: str | None
    article: str | None
    parent: str | None
    route: str
    decided_at: str
    changed_at: str
    standing: Action
    thresholds: dict[str, Any]
    doubt: float
    claimed_by: str | None
    claimed_until: str | None
    erase_due_at: str | None
    history: History


class Queue(TypedDict):
    """A page of the moderators' queue."""

    decisions: list[Recorded]
    next: str | None


class Changes(TypedDict):
    """A page of decisions in the order of their last change."""

    decisions: list[Recorded]
    next: str | None


class Notice(TypedDict):
    """A notice that explains a decision to the author of the comment."""

    decision: str
    action: Action
    text: str
    reasons: list[dict[str, Any]]
    guidelines_url: str
    contact: str
    decided_by: Literal["moderator", "automatic"]
    statement_of_reasons: dict[str, Any] | None


class Appeal(TypedDict):
    """An appeal that was received, and when it is due. It says nothing else about the decision."""

    decision: str
    id: str
    step: str
    at: str
    acknowledge_by: str
    decide_by: str


class Erased(TypedDict):
    """The number of decisions whose personal data were erased, and of those that are held."""

    erased: int
    held: int
    held_until: str | None


class Held(TypedDict):
    """The number of decisions that are held from now on, or whose hold has ended."""

    held: int
    released: int
