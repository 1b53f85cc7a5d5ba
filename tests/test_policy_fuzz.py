"""Any policy file or tables either load or raise a `PolicyError` that says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moderation import Policy
from moderation.policy import PolicyError

RULES = sorted(Policy.load().rules)
KEYS = ("review", "reject", "guideline", "enabled", "fewest_words", "most_words", "allow", "words")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["never", "always", 0.5, 1, -1, 2]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
TABLE = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=4)
TABLES = st.dictionaries(
    st.sampled_from([*RULES, "house"]) | st.text(max_size=8), TABLE | VALUES, max_size=4
)


def _loads_or_raises(source: Path | dict[str, Any]) -> None:
    try:
        outcome = Policy.load(source).hash
    except PolicyError as error:
        outcome = str(error)
    assert outcome


@given(TABLES)
@settings(max_examples=150)
@example({"house": {"max_bytes": 10**400}})
@example({"length": {"review": float("nan")}})
@example({"abuse": []})
def test_any_tables(tables: dict[str, Any]) -> None:
    """Tables, keys and values of all kinds, known and unknown."""
    _loads_or_raises(tables)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
@settings(max_examples=100)
@example(b"[abuse]\nreview = 1e999\n")
@example(b"abuse = 1\n[abuse]\n")
@example(b"\xff\xfe")
@example(b"a = " + b"[" * 5000)
@example(b"a = " + b"9" * 5000)
@example(b"[abuse]\nreview = 0000-00-00\n")
@example(b"[abuse]\nreview = 2026-11-23\n")
def test_any_bytes(tmp_path_factory: Any, content: bytes) -> None:
    """A file with any content."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    _loads_or_raises(path)


@given(TABLES)
@settings(max_examples=50)
def test_any_tables_as_a_file(tmp_path_factory: Any, tables: dict[str, Any]) -> None:
    """The same tables in a file, if TOML can express them."""
    path = tmp_path_factory.getbasetemp() / "tables.toml"
    try:
        path.write_text(tomli_w.dumps(tables), "utf-8", newline="\n")
    except (TypeError, ValueError):
        return
    _loads_or_raises(path)
