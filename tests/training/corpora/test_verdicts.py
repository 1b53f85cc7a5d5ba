"""Verdicts: a moderator's verdict on a decision becomes labels of the scores it is about."""

import json
from typing import Any

import pytest

from moderation.training.corpora.catalogue import CorpusError
from moderation.training.corpora.verdicts import TONE, rows, table_rows


def line(action: str, *rules: str, route: str = "v1", reason: str | None = None) -> str:
    """Return a decision that these rules acted on, with one verdict."""
    reasons = [{"rule": rule, "action": "review"} for rule in rules]
    verdict = {"action": action, "route": route, "reason": reason}
    return json.dumps({"text": "So.", "reasons": reasons, "history": {"verdicts": [verdict]}})


def labels(*lines: str) -> list[dict[str, float]]:
    """Return the labels of the lines' rows."""
    return [dict(row.labels) for row in rows(lines)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(line("review", "abuse"), id="review decides nothing"),
        pytest.param(line("reject", "links"), id="rejected for something other than its tone"),
        pytest.param(
            '{"text": "So.", "verdict": "reject", "rule": "links"}',
            id="rule without a score of tone",
        ),
        pytest.param(json.dumps({"text": "So.", "history": {"verdicts": []}}), id="no verdict"),
        pytest.param(
            json.dumps({"text": None, "history": {"verdicts": [{"action": "reject"}]}}),
            id="text erased",
        ),
    ],
)
def test_a_verdict_about_no_score_gives_no_row(content: str) -> None:
    """Nothing can be learned from it."""
    assert labels(content, "") == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (line("approve", "abuse"), dict.fromkeys((*TONE, "spam"), 0.0)),
        (line("reject", "abuse"), {"toxicity": 1.0}),
        (line("reject", "personal_attack", "links"), {"personal_attack": 1.0}),
        (line("reject"), {"toxicity": 1.0}),
        (line("reject", "links", reason="incendiary: a threat"), {"identity_attack": 1.0}),
        (line("reject", route="akismet"), {"spam": 1.0}),
        (line("approve", route="akismet"), {"spam": 0.0}),
        (
            line("reject", route="suggestscore", reason="TOXICITY 0.9, ATTACK_ON_COMMENTER 1e-05"),
            {"toxicity": 0.9, "personal_attack": 1e-05},
        ),
        ('{"text": "So.", "verdict": "reject", "rule": "spam"}', {"spam": 1.0}),
    ],
)
def test_labels_of_a_verdict(content: str, expected: dict[str, float]) -> None:
    """They depend on the rules that acted, the reason, and the route of the verdict."""
    assert labels(content) == [expected]


def test_the_last_verdict_counts() -> None:
    """An approval after a rejection labels the scores with 0."""
    record: dict[str, Any] = json.loads(line("reject", "abuse"))
    record["history"]["verdicts"].append({"action": "approve"})
    assert labels(json.dumps(record))[0]["toxicity"] == 0.0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "verdicts, line 2: is not valid JSON"),
        ("[]", "line 2: must be an object"),
        ('{"text": "So."}', "line 2: needs 'history'"),
        ('{"text": "So.", "verdict": "burn"}', "verdict: must be one of approve, review, reject"),
        (
            '{"text": "So.", "verdict": "reject", "rule": "nosuchrule"}',
            "verdicts, line 2, rule: there is no rule 'nosuchrule'; there are abuse, ",
        ),
    ],
)
def test_an_invalid_line_is_an_error(content: str, expected: str) -> None:
    """The message names the line, the field and what would be valid."""
    with pytest.raises(CorpusError, match=expected):
        labels(line("approve"), content)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"text": "So.", "verdict": "", "rule": ""}, []),
        ({"text": "So.", "verdict": " Reject", "rule": ""}, [{"toxicity": 1.0}]),
        ({"text": "So.", "verdict": "reject", "rule": "spam"}, [{"spam": 1.0}]),
        ({"text": "So.", "verdict": "reject", "rule": " Spam: pills"}, [{"spam": 1.0}]),
        ({"text": "So.", "verdict": "", "rule": "not sure"}, []),
    ],
)
def test_labels_of_a_table(record: dict[str, str], expected: list[dict[str, float]]) -> None:
    """Case and spaces make no difference. A row without a verdict is skipped."""
    assert [dict(row.labels) for row in table_rows([(2, record)], "verdicts.csv")] == expected


def test_an_invalid_cell_is_an_error() -> None:
    """The message names the line of the table."""
    with pytest.raises(CorpusError, match=r"verdicts.csv, line 7, verdict: must be one of approve"):
        list(table_rows([(7, {"text": "So.", "verdict": "no"})], "verdicts.csv"))
