"""Make texts from other programs fit for the database, and recognise values that it refuses."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

MOST_CHARACTERS = 500  # of a reference, such as an author's name; the columns have this size

# PostgreSQL: data exceptions, and limits of the program such as the size of an index's row.
_ABOUT_VALUES = ("22", "54")
# What drivers raise for a value that they cannot send.
REFUSALS = (StatementError, UnicodeError, OverflowError)


def without_lone_surrogates(text: str) -> str:
    r"""Replace each lone surrogate with U+FFFD. Clients that cut texts leave lone surrogates.

    >>> without_lone_surrogates("a\ud800b")
    'a\ufffdb'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def without_nul(text: str) -> str:
    """Return the text without NUL characters, which databases refuse."""
    return text.replace("\0", "")


def reference(text: str) -> str:
    r"""Return a reference, such as an author's name, as the database can store it.

    Removes NUL characters, replaces lone surrogates, and cuts the rest to 500 characters.

    >>> reference(" ravi\0 ")
    'ravi'
    """
    return without_nul(without_lone_surrogates(text))[:MOST_CHARACTERS].strip()


def is_refusal(error: Exception) -> bool:
    """Return whether a value is at fault for a database error.

    If so, the database is not down, and the same value would be refused again.
    """
    if isinstance(error, DataError | IntegrityError | UnicodeError | OverflowError):
        return True
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "").startswith(_ABOUT_VALUES)
    return isinstance(error, StatementError)  # a value that does not fit its column's type
