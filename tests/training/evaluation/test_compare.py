"""compare: a worse challenger is distinguished from chance."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from moderation.cli import run
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.scoring.store import SHIPPED, champions
from moderation.training.corpora import catalogue
from moderation.training.evaluation import compare
from moderation.training.evaluation.compare import (
    auc_difference,
    compare_harmful,
    compare_harmless,
    guideline_suite,
    matching_threshold,
    roc_auc,
    significant,
    suite_regressions,
)
from moderation.training.evaluation.evaluate import QUESTIONS
from moderation.training.evaluation.functional_cases import cases
from moderation.training.evaluation.slices import pool, slices
from tests.challengers import set_score


def labels_and_scores(rows: int, skill: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, and scores whose quality is `skill`."""
    rng = np.random.default_rng(seed)
    y_true = rng.random(rows) < 0.3
    return y_true, rng.normal(0, 1, rows) + skill * y_true


def copied(root: Path, model: str, *challengers: str) -> None:
    """Write one model's shipped champion, in use, and challengers that are copies of it."""
    used = champions(SHIPPED)[model]
    for version in (used, *challengers):
        shutil.copytree(SHIPPED / model / used, root / model / version)
    (root / "champion.json").write_text(json.dumps({model: used}), "utf-8")


def test_a_much_worse_challenger_is_significantly_worse() -> None:
    """The interval excludes zero, and the difference is significant after Holm's correction."""
    y_true, champion = labels_and_scores(800, 2.0, 0)
    challenger = labels_and_scores(800, 0.2, 1)[1]
    difference = auc_difference(y_true, champion, challenger)
    assert difference.high < 0
    assert significant({"this": difference.p, **dict.fromkeys(map(str, range(30)), 0.5)}) == [
        "this"
    ]


def test_an_equal_challenger_is_not_refused_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 15 pairs of equally good scores, with 8 metrics each, at most 3 are called worse."""
    monkeypatch.setattr(compare, "RESAMPLES", 60)
    refused = 0
    for seed in range(15):
        p_values = {}
        for metric in range(8):
            y_true, scores = labels_and_scores(200, 1.5, 1000 * seed + metric)
            noise = np.random.default_rng((seed, metric)).normal(0, 0.3, (2, 200))
            difference = auc_difference(y_true, scores + noise[0], scores + noise[1])
            p_values[str(metric)] = difference.p
        refused += bool(significant(p_values))
    assert refused <= 3


def test_a_reversed_challenger_is_worse() -> None:
    """Scores in reverse order have a p-value of 0, although the bootstrap has no variance."""
    y_true = np.array([True, False] * 50)
    assert auc_difference(y_true, y_true * 1.0, 1.0 - y_true).p == 0.0
    assert auc_difference(y_true, y_true * 1.0, y_true * 1.0).p == 1.0


def test_matching_threshold_keeps_the_flag_rate() -> None:
    """The new threshold flags as many rows as the old one did."""
    rng = np.random.default_rng(0)
    champion, challenger = rng.random(1_000), rng.random(1_000) ** 3
    level = matching_threshold(champion, challenger, 0.8)
    assert (challenger >= level).sum() == (champion >= 0.8).sum()
    assert matching_threshold(champion, challenger, 1.1) == 1.0


@pytest.mark.parametrize("ties", [False, True])
def test_roc_auc_agrees_with_scikit_learn(ties: bool) -> None:
    """Also with ties. Over several sets it is the mean weighted by the number of pairs."""
    y_true, scores = labels_and_scores(300, 1.0, 0)
    scores = scores.round(0 if ties else 9)
    assert roc_auc(y_true, scores) == pytest.approx(roc_auc_score(y_true, scores))
    sets = np.arange(300) % 3
    by_set = [(y_true[sets == number], scores[sets == number]) for number in range(3)]
    pairs = [labels.sum() * (~labels).sum() for labels, _ in by_set]
    expected = np.average([roc_auc_score(*part) for part in by_set], weights=pairs)
    assert roc_auc(y_true, scores, sets) == pytest.approx(expected)


def test_sets_are_not_compared_with_each_other() -> None:
    """A challenger that shifts all scores of one set is not worse."""
    y_true, scores = labels_and_scores(400, 1.5, 3)
    sets = np.arange(400) % 2
    assert auc_difference(y_true, scores, scores + 5 * sets, sets=sets).p == 1.0
    assert auc_difference(y_true, scores, scores + 5 * sets).high < 0


def wikipedia(texts: list[str], abusive: float) -> list[catalogue.Row]:
    """Return rows of Wikipedia."""
    return [catalogue.Row(text, "jigsaw", {"jigsaw.toxic": abusive}) for text in texts]


def test_slices_by_length_and_group() -> None:
    """Slices are short comments, and comments on a group against those that mention no group."""
    rows = wikipedia([f"You fool, number {number}" for number in range(30)], 1.0)
    rows += wikipedia([f"It rains, number {number}" for number in range(30)], 0.0)
    rows += wikipedia([f"He is a Sikh, number {number}" for number in range(25)], 0.0)
    rows += wikipedia(["Sikhs are fools. " * 20] * 5, 1.0)
    by_name = {part.name: part for part in slices(rows, QUESTIONS)}
    assert set(by_name) == {"toxicity, up to 60 characters", "Sikhs: bpsn"}
    part = by_name["Sikhs: bpsn"]
    assert (len(part.rows), int(part.y_true.sum())) == (55, 30)
    assert not any("Sikh" in rows[index].text for index in part.rows[part.y_true])


def test_neutral_mentions_count_with_wikipedia() -> None:
    """They are harmless, and in the same set as the comments they are compared with."""
    rows = wikipedia(["You fool"], 1.0)
    rows += [catalogue.Row("A gay man sang.", "identity", {"identity.toxic": 0.0})]
    rows += [catalogue.Row("What a mess.", "civil", {"civil.toxic": 1.0})]
    pooled = pool(rows, QUESTIONS, "toxicity")
    assert pooled.y_true.tolist() == [True, True, False]
    assert pooled.sets[0] == pooled.sets[2] != pooled.sets[1]


def test_harmless_cases_are_tested_together() -> None:
    """A few newly held cases in many functionalities are tested in total, and listed separately."""
    used = champions(SHIPPED)
    models = Models.load(None, {name: used[name] for name in ("abuse", "spam")})
    fast = {"house": {"reader": "fast"}}
    lax = Moderator(Policy.load(fast), models)
    strict = Moderator(Policy.load({**fast, "word_list": {"banned": ["people"]}}), models)
    results = guideline_suite([lax, strict])
    total = results["harmless cases"]
    newly_held = [part["newly held"] for part in results["functionalities"].values()]
    assert total["newly held"] > 5
    assert total["p"] < 0.05
    assert sum(newly_held) == total["newly held"]
    assert max(newly_held) < total["newly held"]


def test_a_case_no_longer_held_counts_for_a_challenger() -> None:
    """Only newly held cases count against it."""
    case = cases()[1]
    assert not case.harmful
    counts = compare_harmless([(case, True, False)] * 9 + [(case, False, True)] * 3)
    assert (counts["newly held"], counts["no longer held"], counts["p"] > 0.9) == (3, 9, True)


def test_a_case_no_longer_caught_counts_against_a_challenger() -> None:
    """Harmful cases are tested too, because a model that holds nothing holds nothing harmless."""
    case = cases()[0]
    assert case.harmful
    counts = compare_harmful([(case, True, False)] * 9 + [(case, False, True)] * 3)
    assert (counts["newly caught"], counts["no longer caught"], counts["p"]) == (3, 9, 0.073)
    assert compare_harmful([(case, True, False)] * 9)["p"] < 0.05


def test_one_rule_does_not_make_up_for_another() -> None:
    """Holding many more insults does not make up for letting spam pass."""
    used = champions(SHIPPED)
    models = Models.load(None, {name: used[name] for name in ("abuse", "spam")})
    fast = {"house": {"reader": "fast"}}
    champion = Moderator(Policy.load(fast), models)
    other = {"spam": {"enabled": False}, "word_list": {"banned": ["you"]}}
    challenger = Moderator(Policy.load({**fast, **other}), models)
    results = guideline_suite([champion, challenger])
    assert results["harmful cases"]["p"] > 0.5
    assert results["rules"]["spam"]["no longer caught"] > 5
    assert "suite, harmful cases of spam" in suite_regressions(results)


def test_compare_writes_what_promote_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of the champion is not worse and may be promoted. The file quotes no comment."""
    copied(tmp_path, "spam", "copy")
    rows = [
        catalogue.Row(f"{text} {number}", "sms_spam", {"sms_spam.spam": value})
        for number in range(60)
        for text, value in (("WIN a FREE prize now", 1.0), ("See you at six", 0.0))
    ]
    monkeypatch.setattr(catalogue, "rows", lambda _, use: iter(rows if use == "train" else []))
    record = tmp_path / "record.jsonl"
    record.write_text('{"text": "Win a free prize now"}\n', "utf-8")
    command = ["models", "compare", "spam/copy", "--data", str(tmp_path), "--record", str(record)]
    assert run([*command, "--models", str(tmp_path)]) == 0
    results = json.loads(capsys.readouterr().out)
    assert results["worse"] == []
    assert results["record"] == {"comments": 1, "share": 0.0, "changed": []}
    comparison = (tmp_path / "spam" / "copy" / "comparison.json").read_text("utf-8")
    assert "prize" not in comparison
    assert run(["models", "promote", "spam/copy", "--models", str(tmp_path)]) == 0


def test_the_largest_changes_come_first(tmp_path: Path) -> None:
    """The decisions that would change are listed."""
    used = champions(SHIPPED)
    versions = {name: used[name] for name in ("abuse", "spam")}
    for name, version in versions.items():
        shutil.copytree(SHIPPED / name / version, tmp_path / name / version)
    shutil.copytree(SHIPPED / "abuse" / used["abuse"], tmp_path / "abuse" / "deaf")
    set_score(tmp_path / "abuse" / "deaf", 0.001)
    (tmp_path / "champion.json").write_text(json.dumps(versions), "utf-8")
    texts = ["You are an idiot.", "It rains today."]
    (change,) = compare.changes(tmp_path, "abuse", "deaf", texts)["changed"]
    assert change["text"] == "You are an idiot."
    assert change["to"] != change["from"]


@pytest.fixture(autouse=True)
def _empty_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set an empty record, because `compare` looks there for a challenger in shadow."""
    monkeypatch.setenv("MODERATION_DATABASE", f"sqlite:///{tmp_path}/record.sqlite")


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    """The fast model alone, with a copy of it and one that scores everything low."""
    copied(tmp_path, "abuse", "copy", "deaf")
    set_score(tmp_path / "abuse" / "deaf", 0.001)
    return tmp_path


def test_abuse_is_measured_without_any_public_set(
    fast: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A challenger that misses the project's own labelled comments is refused."""
    assert run(["models", "compare", "abuse/deaf", "--models", str(fast)]) == 0
    assert run(["models", "promote", "abuse/deaf", "--models", str(fast)]) == 1
    assert "written for this project, abusive" in capsys.readouterr().err


def test_spam_is_measured_without_any_public_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A challenger that misses the project's own spam is refused."""
    copied(tmp_path, "spam", "deaf")
    set_score(tmp_path / "spam" / "deaf", 0.001)
    assert run(["models", "compare", "spam/deaf", "--models", str(tmp_path)]) == 0
    assert run(["models", "promote", "spam/deaf", "--models", str(tmp_path)]) == 1
    assert "written for this project, spam" in capsys.readouterr().err


def test_a_model_that_was_not_measured_is_not_promoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No comment in the project tells languages apart, so the operator must give a reason."""
    copied(tmp_path, "language", "copy")
    assert run(["models", "compare", "language/copy", "--models", str(tmp_path)]) == 0
    assert run(["models", "promote", "language/copy", "--models", str(tmp_path)]) == 1
    assert "compared on nothing of its own" in capsys.readouterr().err


def test_a_comparison_on_more_data_is_not_replaced(
    fast: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A comparison without --data does not replace it. --policy decides about the suite."""
    policy = tmp_path / "none.toml"
    off = (f"[{rule}]\nenabled = false\n" for rule in Policy.load().rules)
    policy.write_text("".join(off), "utf-8")
    command = ["models", "compare", "abuse/copy", "--policy", str(policy), "--models", str(fast)]
    assert run(command) == 0
    path = fast / "abuse" / "copy" / "comparison.json"
    results = json.loads(path.read_text("utf-8"))
    functionalities = results["suite"]["functionalities"].values()
    assert {part["caught now"] for part in functionalities} == {0}
    path.write_text(json.dumps(results | {"measured": 20, "seed": 7}), "utf-8")
    assert run(command) == 0
    assert json.loads(path.read_text("utf-8"))["seed"] == 7
    path.write_text(json.dumps(results | {"measured": 20, "seed": 7, "versions": []}), "utf-8")
    assert run(command) == 0
    assert json.loads(path.read_text("utf-8"))["seed"] == 0
    capsys.readouterr()
