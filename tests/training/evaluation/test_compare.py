"""comparing: what is worse is told from what is chance."""

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
    area,
    counterpart,
    difference,
    guideline_suite,
    harmful,
    harmless,
    lost,
    worse,
)
from moderation.training.evaluation.evaluate import QUESTIONS
from moderation.training.evaluation.functional_cases import cases
from moderation.training.evaluation.slices import slices, together
from tests.challengers import says


def scores(rows: int, skill: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and scores that are as good as `skill` says."""
    draw = np.random.default_rng(seed)
    said = draw.random(rows) < 0.3
    return said, draw.normal(0, 1, rows) + skill * said


def copied(root: Path, model: str, *challengers: str) -> None:
    """The shipped champion of one model alone, in use, and challengers that are copies of it."""
    used = champions(SHIPPED)[model]
    for version in (used, *challengers):
        shutil.copytree(SHIPPED / model / used, root / model / version)
    (root / "champion.json").write_text(json.dumps({model: used}), "utf-8")


def test_a_much_worse_challenger_is_told() -> None:
    """The interval of the difference excludes zero, and Holm's correction lets it stand."""
    said, now = scores(800, 2.0, 0)
    found = difference(said, now, scores(800, 0.2, 1)[1])
    assert found.high < 0
    assert worse({"this": found.p, **dict.fromkeys(map(str, range(30)), 0.5)}) == ["this"]


def test_an_equal_challenger_is_not_refused_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 15 pairs of equally good scores, 8 figures each, hardly one is called worse."""
    monkeypatch.setattr(compare, "RESAMPLES", 60)
    refused = 0
    for seed in range(15):
        doubts = {}
        for figure in range(8):
            said, now = scores(200, 1.5, 1000 * seed + figure)
            noise = np.random.default_rng((seed, figure)).normal(0, 0.3, (2, 200))
            doubts[str(figure)] = difference(said, now + noise[0], now + noise[1]).p
        refused += bool(worse(doubts))
    assert refused <= 3


def test_a_ruined_challenger_is_told() -> None:
    """Perfect before and upside down after: no resample differs, and it is worse all the same."""
    said = np.array([True, False] * 50)
    assert difference(said, said * 1.0, 1.0 - said).p == 0.0
    assert difference(said, said * 1.0, said * 1.0).p == 1.0


def test_counterpart_keeps_the_flag_rate() -> None:
    """As many are flagged from the new threshold on as were from the old one."""
    draw = np.random.default_rng(0)
    now, then = draw.random(1_000), draw.random(1_000) ** 3
    level = counterpart(now, then, 0.8)
    assert (then >= level).sum() == (now >= 0.8).sum()
    assert counterpart(now, then, 1.1) == 1.0


@pytest.mark.parametrize("ties", [False, True])
def test_area_is_what_scikit_learn_finds(ties: bool) -> None:
    """Also where scores are equal; over several sets it is the mean by their pairs."""
    said, found = scores(300, 1.0, 0)
    found = found.round(0 if ties else 9)
    assert area(said, found) == pytest.approx(roc_auc_score(said, found))
    sets = np.arange(300) % 3
    by_set = [(said[sets == it], found[sets == it]) for it in range(3)]
    pairs = [own.sum() * (~own).sum() for own, _ in by_set]
    expected = np.average([roc_auc_score(*each) for each in by_set], weights=pairs)
    assert area(said, found, sets) == pytest.approx(expected)


def test_sets_are_not_compared_with_each_other() -> None:
    """A challenger that only moves one set beside another is no worse."""
    said, now = scores(400, 1.5, 3)
    sets = np.arange(400) % 2
    assert difference(said, now, now + 5 * sets, sets=sets).p == 1.0
    assert difference(said, now, now + 5 * sets).high < 0


def wikipedia(texts: list[str], abusive: float) -> list[catalogue.Row]:
    """Rows of Wikipedia."""
    return [catalogue.Row(it, "jigsaw", {"jigsaw.toxic": abusive}) for it in texts]


def test_slices_by_length_and_group() -> None:
    """Short and long comments apart; a group that is mentioned, with those that mention nobody."""
    rows = wikipedia([f"You fool, number {it}" for it in range(30)], 1.0)
    rows += wikipedia([f"It rains, number {it}" for it in range(30)], 0.0)
    rows += wikipedia([f"He is a Sikh, number {it}" for it in range(25)], 0.0)
    rows += wikipedia(["Sikhs are fools. " * 20] * 5, 1.0)
    found = {it.name: it for it in slices(rows, QUESTIONS)}
    assert set(found) == {"toxicity, up to 60 characters", "Sikhs: bpsn"}
    part = found["Sikhs: bpsn"]
    assert (len(part.rows), int(part.said.sum())) == (55, 30)
    assert not any("Sikh" in rows[at].text for at in part.rows[part.said])


def test_neutral_mentions_count_with_wikipedia() -> None:
    """They are harmless, and of the same set as the comments that they are compared with."""
    rows = wikipedia(["You fool"], 1.0)
    rows += [catalogue.Row("A gay man sang.", "identity", {"identity.toxic": 0.0})]
    rows += [catalogue.Row("What a mess.", "civil", {"civil.toxic": 1.0})]
    whole = together(rows, QUESTIONS, "toxicity")
    assert whole.said.tolist() == [True, True, False]
    assert whole.sets[0] == whole.sets[2] != whole.sets[1]


def test_harmless_cases_are_guarded_together() -> None:
    """A few newly held in each of many functionalities are told as one, and shown each."""
    used = champions(SHIPPED)
    models = Models.load(None, {name: used[name] for name in ("abuse", "spam")})
    fast = {"house": {"reader": "fast"}}
    lax = Moderator(Policy.load(fast), models)
    strict = Moderator(Policy.load({**fast, "word_list": {"banned": ["people"]}}), models)
    found = guideline_suite([lax, strict])
    told, each = found["harmless cases"], found["functionalities"].values()
    assert told["newly held"] > 5
    assert told["p"] < 0.05
    assert sum(it["newly held"] for it in each) == told["newly held"]
    assert max(it["newly held"] for it in each) < told["newly held"]


def test_a_freed_case_speaks_for_a_challenger() -> None:
    """Only cases that are newly held are held against it."""
    case = cases()[1]
    assert not case.harmful
    told = harmless([(case, True, False)] * 9 + [(case, False, True)] * 3)
    assert (told["newly held"], told["no longer held"], told["p"] > 0.9) == (3, 9, True)


def test_a_case_that_is_caught_no_longer_speaks_against_it() -> None:
    """Harmful cases are guarded, too: a model that holds nothing holds nothing harmless either."""
    case = cases()[0]
    assert case.harmful
    told = harmful([(case, True, False)] * 9 + [(case, False, True)] * 3)
    assert (told["newly caught"], told["no longer caught"], told["p"]) == (3, 9, 0.073)
    assert harmful([(case, True, False)] * 9)["p"] < 0.05


def test_one_rule_is_not_lost_for_another() -> None:
    """To hold many more insults does not make up for all offers let pass."""
    used = champions(SHIPPED)
    models = Models.load(None, {name: used[name] for name in ("abuse", "spam")})
    fast = {"house": {"reader": "fast"}}
    now = Moderator(Policy.load(fast), models)
    other = {"spam": {"enabled": False}, "word_list": {"banned": ["you"]}}
    found = guideline_suite([now, Moderator(Policy.load({**fast, **other}), models)])
    assert found["harmful cases"]["p"] > 0.5
    assert found["rules"]["spam"]["no longer caught"] > 5
    assert "suite, harmful cases of spam" in lost(found)


def test_compare_leaves_what_promote_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of the champion differs in nothing, and may be promoted; no comment is written."""
    monkeypatch.setenv(
        "MODERATION_DATABASE", f"sqlite:///{tmp_path}/record.sqlite"
    )  # there is none
    copied(tmp_path, "spam", "copy")
    rows = [
        catalogue.Row(f"{text} {number}", "sms_spam", {"sms_spam.spam": value})
        for number in range(60)
        for text, value in (("WIN a FREE prize now", 1.0), ("See you at six", 0.0))
    ]
    monkeypatch.setattr(catalogue, "rows", lambda _, use: iter(rows if use == "train" else []))
    record = tmp_path / "record.jsonl"
    record.write_text('{"text": "Win a free prize now"}\n', "utf-8")
    asked = ["models", "compare", "spam/copy", "--data", str(tmp_path), "--record", str(record)]
    assert run([*asked, "--models", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["worse"] == []
    assert found["record"] == {"comments": 1, "share": 0.0, "changed": []}
    kept = (tmp_path / "spam" / "copy" / "comparison.json").read_text("utf-8")
    assert "prize" not in kept
    assert run(["models", "promote", "spam/copy", "--models", str(tmp_path)]) == 0


def test_changes_come_with_those_that_move_most_first(tmp_path: Path) -> None:
    """Against a model of another mind: the decisions that turn are listed."""
    used = champions(SHIPPED)
    kept = {name: used[name] for name in ("abuse", "spam")}
    for name, version in kept.items():
        shutil.copytree(SHIPPED / name / version, tmp_path / name / version)
    shutil.copytree(SHIPPED / "abuse" / used["abuse"], tmp_path / "abuse" / "deaf")
    says(tmp_path / "abuse" / "deaf", 0.001)
    (tmp_path / "champion.json").write_text(json.dumps(kept), "utf-8")
    found = compare.changes(tmp_path, "abuse", "deaf", ["You are an idiot.", "It rains today."])
    assert [it["text"] for it in found["changed"]] == ["You are an idiot."]
    assert found["changed"][0]["to"] != found["changed"][0]["from"]


@pytest.fixture(autouse=True)
def _own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty record for each test: `compare` looks there for what ran in shadow."""
    monkeypatch.setenv("MODERATION_DATABASE", f"sqlite:///{tmp_path}/record.sqlite")


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    """The fast reader alone, with a copy of it and one that hears nothing."""
    copied(tmp_path, "abuse", "copy", "deaf")
    says(tmp_path / "abuse" / "deaf", 0.001)
    return tmp_path


def test_it_is_measured_without_any_public_set(
    fast: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On what the project has itself: a deaf model is worse, and refused."""
    assert run(["models", "compare", "abuse/deaf", "--models", str(fast)]) == 0
    assert run(["models", "promote", "abuse/deaf", "--models", str(fast)]) == 1
    assert "written for this project, abusive" in capsys.readouterr().err


def test_spam_is_measured_without_any_public_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On our own offers: one that lets all pass is worse, and refused."""
    copied(tmp_path, "spam", "deaf")
    says(tmp_path / "spam" / "deaf", 0.001)
    assert run(["models", "compare", "spam/deaf", "--models", str(tmp_path)]) == 0
    assert run(["models", "promote", "spam/deaf", "--models", str(tmp_path)]) == 1
    assert "written for this project, spam" in capsys.readouterr().err


def test_what_is_not_measured_is_not_promoted_for_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing here tells English from other languages: the operator has to say why."""
    copied(tmp_path, "language", "copy")
    assert run(["models", "compare", "language/copy", "--models", str(tmp_path)]) == 0
    assert run(["models", "promote", "language/copy", "--models", str(tmp_path)]) == 1
    assert "compared on nothing of its own" in capsys.readouterr().err


def test_what_was_measured_on_more_stays(
    fast: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look without --data does not take its place; and a policy of one's own decides."""
    policy = tmp_path / "none.toml"
    off = (f"[{rule}]\nenabled = false\n" for rule in Policy.load().rules)
    policy.write_text("".join(off), "utf-8")
    asked = ["models", "compare", "abuse/copy", "--policy", str(policy), "--models", str(fast)]
    assert run(asked) == 0
    kept = fast / "abuse" / "copy" / "comparison.json"
    found = json.loads(kept.read_text("utf-8"))
    assert {it["caught now"] for it in found["suite"]["functionalities"].values()} == {0}
    kept.write_text(json.dumps(found | {"measured": 20, "seed": 7}), "utf-8")
    assert run(asked) == 0
    assert json.loads(kept.read_text("utf-8"))["seed"] == 7
    kept.write_text(json.dumps(found | {"measured": 20, "seed": 7, "versions": []}), "utf-8")
    assert run(asked) == 0
    assert json.loads(kept.read_text("utf-8"))["seed"] == 0
    capsys.readouterr()
