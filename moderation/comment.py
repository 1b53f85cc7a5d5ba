"""Define a comment: its text, and what the caller knows about its context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["plain", "html"]

MAX_BYTES = 20_480
"""The default limit of a comment in bytes of UTF-8, the same as Perspective's (20 KB)."""


class CommentError(ValueError):
    """The comment is invalid. `field` names the field that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Past:
    """An author's earlier comments: how many, and which share of them was rejected (0 to 1).

    Old comments have less weight in the share than recent ones.
    """

    comments: int
    refused: float


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment and its context. Only `text` is required.

    `author` is the platform's reference to the author. `article` is the article's title or text.
    `parent` is the comment to which this one replies. `recent` holds the author's latest comments,
    and `past` sums up all the author's comments. The service fills `recent` and `past` from its
    database.

    >>> Comment("Well said.").format
    'plain'
    """

    text: str
    id: str | None = None
    author: str | None = None
    article: str | None = None
    parent: str | None = None
    format: Format = "plain"
    recent: tuple[str, ...] = ()
    past: Past | None = None


def validate(text: object, max_bytes: int = MAX_BYTES) -> str:
    """Return `text` if it is valid. Raises `CommentError`, which says what is wrong.

    >>> validate("   ")
    Traceback (most recent call last):
        ...
    moderation.comment.CommentError: text: is empty; write at least one character
    """
    if not isinstance(text, str):
        raise CommentError("text", f"must be a string, not {type(text).__name__}")
    if not text.strip():
        raise CommentError("text", "is empty; write at least one character")
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise CommentError(
            "text", f"holds half a surrogate pair at position {error.start}; send valid Unicode"
        ) from None
    if "\0" in text:
        raise CommentError("text", f"holds a NUL character at position {text.index(chr(0))}")
    if size > max_bytes:
        raise CommentError("text", f"is {size:,} bytes long; the limit is {max_bytes:,}")
    return text
