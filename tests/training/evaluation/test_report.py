"""report, bias and functional tests: the page shows all metrics and quotes no data set."""

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from moderation import Action
from moderation.decision import Finding, Reason
from moderation.training import metrics
from moderation.training.evaluation import bias, evaluate
from moderation.training.evaluation.functional import ABUSE_RULES, functional_tests
from moderation.training.evaluation.functional_cases import cases
from moderation.training.evaluation.report import page


class SuiteModerator:
    """A moderator that knows the suite's answers and is wrong on one functionality."""

    def __init__(self, wrong: str = "") -> None:
        self.answers = {
            case.text: case.harmful != (case.functionality == wrong) for case in cases()
        }

    def moderate_many(self, comments: Any) -> Any:
        for comment in comments:
            finding = Finding("abuse", 0.9, "Please mind your words.", ())
            reason = Reason(finding, "Be civil.", Action.REVIEW)
            form = Reason(Finding("shouting", 1.0, "Do not shout.", ()), "Calm.", Action.REVIEW)
            held = self.answers[comment.text]
            yield type("Decision", (), {"reasons": (reason, form) if held else (form,)})()


def test_functional_tests_count_right_cases() -> None:
    """An accuracy of 1 if all are right; a functionality that is all wrong has 0 and is listed."""
    assert functional_tests(SuiteModerator())["accuracy"] == 1.0  # type: ignore[arg-type]
    results = functional_tests(SuiteModerator("insult_reader"))  # type: ignore[arg-type]
    assert results["functionalities"]["insult_reader"]["accuracy"] == 0.0
    assert {case["functionality"] for case in results["mistakes"]} == {"insult_reader"}
    assert results["cases"] == sum(case.part == "test" for case in cases())


def test_rules_of_form_do_not_count_as_caught() -> None:
    """A comment held for shouting is not caught for abuse."""
    assert "shouting" not in ABUSE_RULES
    assert functional_tests(SuiteModerator())["false alarms"] == 0.0  # type: ignore[arg-type]


def test_a_score_biased_against_a_group_has_a_low_bpsn() -> None:
    """If the mention alone raises the score, BPSN is near 0 and BNSP near 1."""
    texts = ["a muslim spoke"] * 20 + ["somebody spoke"] * 20
    y_true = np.array([True, False] * 20)
    fair = np.where(y_true, 0.8, 0.2)
    unfair = np.array([0.9] * 20 + [0.1] * 20) + np.where(y_true, 0.01, 0.0)
    assert bias.group_aucs(texts, y_true, fair)["Muslims"]["bpsn"]["value"] == 1.0
    aucs = bias.group_aucs(texts, y_true, unfair)["Muslims"]
    assert aucs["bpsn"]["value"] == 0.0
    assert aucs["bnsp"]["value"] == 1.0
    assert aucs["subgroup"]["value"] == 1.0


def test_a_group_that_is_rarely_mentioned_has_no_metrics() -> None:
    """Seven comments are too few."""
    y_true = np.array([True, False] * 7)
    assert bias.group_aucs(["a sikh"] * 14, y_true, np.full(14, 0.5)) == {}
    assert bias.false_alarms(["a sikh"] * 7, np.zeros(7, bool)) == {}


def test_false_alarms_are_counted_by_group() -> None:
    """The result is the share of the harmless sentences about a group that are flagged."""
    flagged = np.array([True] * 2 + [False] * 14)
    assert bias.false_alarms(["a jew"] * 8 + ["a hindu"] * 8, flagged) == {
        "Jews": {"rows": 8, "flagged": 0.25},
        "Hindus": {"rows": 8, "flagged": 0.0},
    }


def test_curves_have_the_right_ends() -> None:
    """ROC runs from 0,0 to 1,1, and the bins of reliability have all rows."""
    rng = np.random.default_rng(0)
    y_true = rng.random(500) < 0.3
    scores = np.clip(rng.random(500) * 0.5 + y_true * 0.4, 0, 1)
    curves = metrics.curves(y_true, scores)
    assert curves["roc"][0] == [0.0, 0.0]
    assert curves["roc"][-1] == [1.0, 1.0]
    assert sum(rows for _, _, rows in curves["reliability"]) == 500
    assert metrics.curves(np.ones(5, bool), np.full(5, 0.3)) == {}


class Outline(HTMLParser):
    """Collects the page's tags and the addresses it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tag and its addresses."""
        self.tags.append(tag)
        values = dict(attrs)
        self.addresses += [str(values[name]) for name in ("src", "href") if name in values]


@pytest.fixture
def results() -> dict[str, Any]:
    """Results of `evaluate` on a few rows."""
    rng = np.random.default_rng(0)
    y_true = rng.random(200) < 0.3
    scores = np.clip(rng.random(200) * 0.6 + y_true * 0.3, 0, 1)
    measured = metrics.measure(y_true, scores)
    levels = [metrics.at_threshold(y_true, scores, level) for level in evaluate.THRESHOLDS]
    name = "Wikipedia, toxic"
    one_kind = metrics.measure(np.zeros(9, bool), np.full(9, 0.1))
    return {
        "models": {"abuse": "2026-01-01-abcdef0"},
        "seed": 0,
        "most": 1_000,
        "sets": {
            name: {"head": "toxicity", **measured, "thresholds": levels},
            "one kind": {"head": "threat", **one_kind, "thresholds": levels},
        },
        "curves": {name: metrics.curves(y_true, scores), "one kind": {}},
        "slices": {name: {"over <200>": measured, "under": one_kind}},
        "bias": {"areas": {}, "false alarms": {"Jews": {"rows": 8, "flagged": 0.25}}},
        "suite": functional_tests(SuiteModerator("insult_reader")),  # type: ignore[arg-type]
        "explanations": {
            "fast": {"rows": 3, "character F1": 0.5, "drop": 0.4, "drop at random": 0.1, "ms": 1.5}
        },
    }


def test_page_shows_every_part_and_loads_nothing(results: dict[str, Any]) -> None:
    """Tables have captions, plots are inline, and no address is requested."""
    html = page(results)
    outline = Outline()
    outline.feed(html)
    assert outline.tags.count("table") == outline.tags.count("caption") >= 6
    assert outline.tags.count("svg") == 1
    assert not [url for url in outline.addresses if not url.startswith("#")]
    assert "over &lt;200&gt;" in html  # escaped
    assert "insult reader" in html
    assert "too few" in html


def test_page_is_reproducible(results: dict[str, Any]) -> None:
    """The page is the same byte for byte, so a committed report changes only with its metrics."""
    assert page(results) == page(results)
