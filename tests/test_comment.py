"""comment: which texts are valid, and what the error says about the others."""

import pytest

from moderation.comment import MAX_BYTES, CommentError, validate


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(".", id="one sign"),
        pytest.param("🙏", id="one emoji"),
        pytest.param("नमस्ते", id="any script"),
        pytest.param(" two\r\n lines ", id="white space around words"),
        pytest.param("a" * MAX_BYTES, id="at the limit"),
        pytest.param("e" + "\u0301" * 1_000, id="stacked marks"),
    ],
)
def test_valid(text: str) -> None:
    """A text that a person may have typed is valid and stays as it is."""
    assert validate(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "must be a string", id="null"),
        pytest.param(5, "must be a string", id="a number"),
        pytest.param(b"bytes", "must be a string", id="bytes"),
        pytest.param("", "is empty", id="nothing"),
        pytest.param(" \r\n\t\u2003", "is empty", id="white space"),
        pytest.param("a\ud83d", "half a surrogate pair at position 1", id="lone surrogate"),
        pytest.param("ab\0", "NUL character at position 2", id="NUL"),
        pytest.param("a" * (MAX_BYTES + 1), "20,481 bytes long; the limit", id="too long"),
        pytest.param("न" * 7_000, "21,000 bytes", id="the limit counts bytes"),
    ],
)
def test_invalid(text: object, message: str) -> None:
    """The error names the field and says what is wrong."""
    with pytest.raises(CommentError, match=message) as caught:
        validate(text)
    assert caught.value.field == "text"


def test_the_limit_is_an_argument() -> None:
    """A caller can set another limit."""
    with pytest.raises(CommentError, match="the limit is 3"):
        validate("four", max_bytes=3)
