"""verdicts: what a moderator said of a decision, as labels of the scores it speaks of."""

import json
from typing import Any

import pytest

from moderation.training.corpora.catalogue import CorpusError
from moderation.training.corpora.verdicts import TONE, labelled, rows


def line(action: str, *rules: str, route: str = "v1", reason: str | None = None) -> str:
    """A decision on which these rules acted, with one verdict."""
    reasons = [{"rule": rule, "action": "review"} for rule in rules]
    verdict = {"action": action, "route": route, "reason": reason}
    return json.dumps({"text": "So.", "reasons": reasons, "history": {"verdicts": [verdict]}})


def labels(*lines: str) -> list[dict[str, float]]:
    """The labels of each row that comes of the lines."""
    return [dict(row.labels) for row in rows(lines)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(line("review", "abuse"), id="review leaves it open"),
        pytest.param(line("reject", "links"), id="refused for something else than its tone"),
        pytest.param(
            '{"text": "So.", "verdict": "reject", "rule": "links"}', id="by a rule that is not tone"
        ),
        pytest.param(json.dumps({"text": "So.", "history": {"verdicts": []}}), id="no verdict"),
        pytest.param(
            json.dumps({"text": None, "history": {"verdicts": [{"action": "reject"}]}}),
            id="text erased",
        ),
    ],
)
def test_what_says_nothing_makes_no_row(said: str) -> None:
    """Where a verdict says nothing of a score, nothing is learned."""
    assert labels(said, "") == []


@pytest.mark.parametrize(
    ("said", "expected"),
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
def test_what_a_verdict_says(said: str, expected: dict[str, float]) -> None:
    """Each way a verdict comes by speaks of its own scores."""
    assert labels(said) == [expected]


def test_the_last_verdict_stands() -> None:
    """Who has the last word is heard."""
    record: dict[str, Any] = json.loads(line("reject", "abuse"))
    record["history"]["verdicts"].append({"action": "approve"})
    assert labels(json.dumps(record))[0]["toxicity"] == 0.0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("{", "verdicts, line 2: is no JSON"),
        ("[]", "line 2: must be an object"),
        ('{"text": "So."}', "line 2: needs 'history'"),
        ('{"text": "So.", "verdict": "burn"}', "verdict: must be one of approve, review, reject"),
        (
            '{"text": "So.", "verdict": "reject", "rule": "nosuchrule"}',
            "verdicts, line 2, rule: there is no rule 'nosuchrule'; there are abuse, ",
        ),
    ],
)
def test_a_bad_line_is_named(said: str, expected: str) -> None:
    """An error names the line, the field and what would be right."""
    with pytest.raises(CorpusError, match=expected):
        labels(line("approve"), said)


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
def test_a_table_says_the_same(record: dict[str, str], expected: list[dict[str, float]]) -> None:
    """As people fill it in; a row without a verdict waits for one."""
    assert [dict(row.labels) for row in labelled([(2, record)], "asked.csv")] == expected


def test_a_bad_cell_is_named() -> None:
    """By the line of the table."""
    with pytest.raises(CorpusError, match=r"asked.csv, line 7, verdict: must be one of approve"):
        list(labelled([(7, {"text": "So.", "verdict": "no"})], "asked.csv"))
