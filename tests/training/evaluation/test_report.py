"""report, bias and functions: the page says what was found, and quotes no row of a data set."""

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from moderation import Action
from moderation.decision import Finding, Reason
from moderation.training import metrics
from moderation.training.evaluation import bias, evaluate
from moderation.training.evaluation.functional import JUDGING, functional_tests
from moderation.training.evaluation.functional_cases import cases
from moderation.training.evaluation.report import page


class Obedient:
    """A moderator that knows the suite's answers, but for one functionality."""

    def __init__(self, wrong: str = "") -> None:
        self.answers = {
            case.text: case.harmful != (case.functionality == wrong) for case in cases()
        }

    def moderate_many(self, comments: Any) -> Any:
        for comment in comments:
            found = Finding("abuse", 0.9, "Please mind your words.", ())
            reason = Reason(found, "Be civil.", Action.REVIEW)
            form = Reason(Finding("shouting", 1.0, "Do not shout.", ()), "Calm.", Action.REVIEW)
            held = self.answers[comment.text]
            yield type("Decision", (), {"reasons": (reason, form) if held else (form,)})()


def test_functions_count_what_is_right() -> None:
    """All right is 1; a functionality answered the wrong way round is 0 and listed."""
    assert functional_tests(Obedient())["accuracy"] == 1.0  # type: ignore[arg-type]
    found = functional_tests(Obedient("insult_reader"))  # type: ignore[arg-type]
    assert found["functionalities"]["insult_reader"]["accuracy"] == 0.0
    assert {it["functionality"] for it in found["mistakes"]} == {"insult_reader"}
    assert found["cases"] == sum(case.part == "test" for case in cases())


def test_rules_of_form_do_not_count_as_caught() -> None:
    """A comment held for shouting is not one that was caught for its abuse."""
    assert "shouting" not in JUDGING
    assert functional_tests(Obedient())["false alarms"] == 0.0  # type: ignore[arg-type]


def test_a_score_that_hates_a_group_has_a_low_bpsn() -> None:
    """Where the mention alone raises the score, BPSN is near 0 and BNSP near 1."""
    texts = ["a muslim spoke"] * 20 + ["somebody spoke"] * 20
    said = np.array([True, False] * 20)
    fair = np.where(said, 0.8, 0.2)
    unfair = np.array([0.9] * 20 + [0.1] * 20) + np.where(said, 0.01, 0.0)
    assert bias.areas(texts, said, fair)["Muslims"]["bpsn"]["value"] == 1.0
    found = bias.areas(texts, said, unfair)["Muslims"]
    assert found["bpsn"]["value"] == 0.0
    assert found["bnsp"]["value"] == 1.0
    assert found["subgroup"]["value"] == 1.0


def test_a_group_that_is_hardly_mentioned_has_no_figure() -> None:
    """Seven comments say nothing of a group."""
    said = np.array([True, False] * 7)
    assert bias.areas(["a sikh"] * 14, said, np.full(14, 0.5)) == {}
    assert bias.false_alarms(["a sikh"] * 7, np.zeros(7, bool)) == {}


def test_false_alarms_are_counted_by_group() -> None:
    """The share of the harmless sentences about a group that a threshold would hold."""
    found = bias.false_alarms(["a jew"] * 8 + ["a hindu"] * 8, np.array([True] * 2 + [False] * 14))
    assert found == {"Jews": {"rows": 8, "flagged": 0.25}, "Hindus": {"rows": 8, "flagged": 0.0}}


def test_curves_begin_and_end_where_they_must() -> None:
    """ROC from 0,0 to 1,1; the bins of reliability hold all rows."""
    draw = np.random.default_rng(0)
    said = draw.random(500) < 0.3
    scores = np.clip(draw.random(500) * 0.5 + said * 0.4, 0, 1)
    found = metrics.curves(said, scores)
    assert found["roc"][0] == [0.0, 0.0]
    assert found["roc"][-1] == [1.0, 1.0]
    assert sum(rows for _, _, rows in found["reliability"]) == 500
    assert metrics.curves(np.ones(5, bool), np.full(5, 0.3)) == {}


class Outline(HTMLParser):
    """The page's tags, and whatever would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what there is."""
        self.tags.append(tag)
        own = dict(attrs)
        self.fetched += [str(own[name]) for name in ("src", "href") if name in own]


@pytest.fixture
def found() -> dict[str, Any]:
    """What `evaluate` would have found on a few rows."""
    draw = np.random.default_rng(0)
    said = draw.random(200) < 0.3
    scores = np.clip(draw.random(200) * 0.6 + said * 0.3, 0, 1)
    measured = metrics.measure(said, scores)
    levels = [metrics.at_threshold(said, scores, level) for level in evaluate.THRESHOLDS]
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
        "curves": {name: metrics.curves(said, scores), "one kind": {}},
        "slices": {name: {"over <200>": measured, "under": one_kind}},
        "bias": {"areas": {}, "false alarms": {"Jews": {"rows": 8, "flagged": 0.25}}},
        "suite": functional_tests(Obedient("insult_reader")),  # type: ignore[arg-type]
        "explanations": {
            "fast": {"rows": 3, "character F1": 0.5, "drop": 0.4, "drop at random": 0.1, "ms": 1.5}
        },
    }


def test_page_shows_every_part_and_fetches_nothing(found: dict[str, Any]) -> None:
    """Tables have captions and headed rows, plots are within, and no address is asked."""
    html = page(found)
    outline = Outline()
    outline.feed(html)
    assert outline.tags.count("table") == outline.tags.count("caption") >= 6
    assert outline.tags.count("svg") == 1
    assert not [it for it in outline.fetched if not it.startswith("#")]
    assert "over &lt;200&gt;" in html  # escaped
    assert "insult reader" in html
    assert "too few" in html


def test_page_is_the_same_for_the_same_figures(found: dict[str, Any]) -> None:
    """Byte for byte, so that a committed report changes only when figures do."""
    assert page(found) == page(found)
