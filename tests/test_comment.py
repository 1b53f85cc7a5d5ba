"""comment: what can be judged, and what is wrong with the rest."""

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
def test_can_be_judged(text: str) -> None:
    """Whatever a reader may have typed is judged as it came."""
    assert validate(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
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
def test_cannot_be_judged(text: object, said: str) -> None:
    """Text that cannot be judged is refused with the field and the fault."""
    with pytest.raises(CommentError, match=said) as caught:
        validate(text)
    assert caught.value.field == "text"


def test_a_limit_of_ones_own() -> None:
    """The limit is the caller's to set."""
    with pytest.raises(CommentError, match="the limit is 3"):
        validate("four", max_bytes=3)
