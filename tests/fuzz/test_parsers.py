"""Every parser of input answers any input, or refuses it in its own words. It never fails.

`make fuzz` runs 200,000 inputs. The normal tests run a small part of them.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http.auth import bearer
from api.record import changes, queue
from api.record.queue import CursorError
from moderation import Comment, Moderator, Policy
from moderation.policy import PolicyError
from moderation.scoring.models import Models
from moderation.text.reading import read
from moderation.training.corpora.catalogue import CorpusError
from moderation.training.corpora.importing import Report, rows
from tests.api.dialects.conftest import make
from tests.api.dialects.perspective.conftest import ANALYZE, SUGGEST
from tests.test_policy_fuzz import TABLES

FULL = os.environ.get("MODERATION_FUZZ") == "1"
PART = 200  # the normal tests run one input of so many


def fuzz(inputs: int) -> Callable[[Any], Any]:
    """Return Hypothesis's settings for a test with so many inputs in `make fuzz`."""
    most = inputs if FULL else max(inputs // PART, 10)
    return settings(
        max_examples=most,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# Texts with characters that are often special, beside any others.
SPECIAL = "aAiu1 .,!?'\"<>&;#/@:-_*\n\t\0\u200b\u0301\u202e\ufe0f\ud83d\u00e9न你🙏"
TEXTS = st.text(max_size=60) | st.text(st.sampled_from(SPECIAL), max_size=80)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
NAMES = st.sampled_from(
    "input model type text comment requestedAttributes attributeScores summaryScore value score "
    "languages context doNotStore clientToken action body parentID author id story url tenantID "
    "blog api_key comment_content comment_author comment_type permalink user_ip is_test".split()
)
BODIES = st.dictionaries(NAMES | TEXTS, JSON, max_size=6)
CELLS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(["0", "1", "", "nan"])


@fuzz(60_000)
@given(TEXTS, st.sampled_from(["plain", "html"]))
def test_the_reading_of_a_text(text: str, form: Any) -> None:
    """Sentences and words are inside the text."""
    try:
        reading = read(Comment(text, format=form))
    except ValueError:
        return
    assert reading is not None


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """All rules of the shipped policy, without models."""
    return Moderator(Policy.load(), Models({}, {}))


@fuzz(20_000)
@given(text=TEXTS, form=st.sampled_from(["plain", "html"]), article=st.none() | TEXTS)
def test_the_moderator(moderator: Moderator, text: str, form: Any, article: str | None) -> None:
    """A comment is refused by the name of the field, or every span quotes it."""
    try:
        decision = moderator.moderate(Comment(text, format=form, article=article))
    except ValueError:
        return
    for reason in (*decision.reasons, *decision.observed):
        for span in reason.finding.spans:
            assert text[span.start : span.end] == span.text


@fuzz(10_000)
@given(TABLES)
def test_a_policy(tables: dict[str, Any]) -> None:
    """A policy loads, or the error says what is wrong."""
    with suppress(PolicyError):
        assert Policy.load(tables).hash


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
@fuzz(5_000)
@given(
    content=st.binary(max_size=120)
    | st.lists(st.lists(CELLS, max_size=4), max_size=4).map(
        lambda table: "\n".join(
            ",".join(row) for row in [["comment_text", "toxic"], *table]
        ).encode()
    )
    | st.lists(BODIES, max_size=3).map(
        lambda lines: "\n".join(map(json.dumps, lines)).encode("utf-8", "surrogatepass")
    )
)
def test_a_corpus(tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes) -> None:
    """A file is imported, or `CorpusError` names it."""
    path: Path = tmp_path_factory.getbasetemp() / f"corpus.{suffix}"
    path.write_bytes(content)
    with suppress(CorpusError):
        list(rows(path, None, Report()))


@fuzz(40_000)
@given(st.text(max_size=80) | JSON.map(json.dumps))
def test_a_cursor(cursor: str) -> None:
    """A cursor is refused as one that no page has given."""
    coded = base64.urlsafe_b64encode(cursor.encode("utf-8", "surrogatepass")).decode()
    for value in (cursor, coded):
        for parse in (lambda text: queue._after("oldest", text, True), changes._after):
            with suppress(CursorError):
                parse(value)


@fuzz(43_000)
@given(
    st.text(max_size=60)
    | st.sampled_from(["Bearer", "bearer ", "Basic x"]).flatmap(
        lambda scheme: TEXTS.map(lambda rest: scheme + rest)
    )
)
def test_an_authorization_header(header: str) -> None:
    """The header has a key or none."""
    assert bearer(header) is None or bearer(header)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service that answers failures instead of raising them."""
    return make(tmp_path_factory.mktemp("fuzz"), TESTING=False).test_client()


PATHS = (ANALYZE, SUGGEST, "/v1/moderations", "/coral/plain", "/1.1/comment-check", "/v1/moderate")
HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "Accept-Encoding", "Authorization", "Content-Encoding", "Range"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=2,
)


@pytest.mark.parametrize("path", PATHS)
@fuzz(2_000)
@given(body=BODIES | JSON, headers=HEADERS)
def test_a_request(service: FlaskClient, path: str, body: object, headers: dict[str, str]) -> None:
    """The service answers with a decision or an error of the client, in every dialect."""
    try:
        content = json.dumps(body).encode("utf-8", "surrogatepass")
    except ValueError:
        return
    answer = service.post(path, data=content, content_type="application/json", headers=headers)
    assert answer.status_code < 500 or answer.status_code == 503
