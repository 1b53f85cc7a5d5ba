"""A rule in a package of its own: found, described, decided with, and named in the decision."""

import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from moderation import Action, Moderator, Policy, paths, plugins, rules
from moderation.batch import worker
from moderation.batch.worker import WorkerSpec, WorkerSpecError
from moderation.cli import run
from moderation.plugins import PluginError
from moderation.policy import SHIPPED, PolicyError
from moderation.scoring import store
from moderation.testing import check_rule, check_scorer
from tests.plugins.conftest import RULE, Package

THREE = "The roads are bad. #Roads #Council #Shame"
ACTS = {"hashtags": {"review": 0.5, "most": 1}}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return an empty folder of models: the tests are about the rules."""
    (tmp_path / "champion.json").write_text("{}", "utf-8")
    return tmp_path


def only(*names: str, **tables: Any) -> dict[str, Any]:
    """Return a policy in which only some of the shipped rules run."""
    off = {name: {"enabled": False} for name in rules.shipped_rules() if name not in names}
    return {**off, **tables}


def test_without_plugins_the_hash_is_that_of_tables_and_settings() -> None:
    """The hash and the decision have nothing in them about plug-ins."""
    tables = tomllib.loads(SHIPPED.read_text("utf-8"))
    settings = {
        name: rule.settings.model_validate(
            {key: value for key, value in tables[name].items() if key not in SHARED}
        ).model_dump()
        for name, rule in rules.shipped_rules().items()
    }
    content = json.dumps([tables, settings], sort_keys=True, ensure_ascii=False, default=sorted)
    expected = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    assert Policy.load().hash == expected


SHARED = ("guideline", "enabled", "review", "reject")


def test_without_plugins_a_decision_has_the_same_keys(models: Path) -> None:
    """The key `plugins` is absent, and not empty."""
    decision = Moderator.load(only(), models).moderate("Well said.")
    names = "id action reasons observed scores language policy models took_ms"
    assert list(decision.to_dict()) == names.split()


@pytest.mark.usefixtures("installed")
def test_a_plugin_without_a_table_runs_in_shadow(models: Path) -> None:
    """Its guideline is the first line of its docstring. The decision names package and version."""
    policy = Policy.load(only())
    decision = Moderator.load(policy, models).moderate(THREE)
    assert policy.rules["hashtags"].thresholds.shadow
    assert decision.action == Action.APPROVE
    (reason,) = decision.observed
    assert reason.guideline == "Use few hashtags."
    assert [span.text for span in reason.finding.spans] == ["#Shame"]
    assert decision.to_dict()["plugins"] == {"hashtags": "courier-rules 1.0"}


@pytest.mark.usefixtures("installed")
def test_a_policy_gives_a_plugin_thresholds_and_settings(models: Path) -> None:
    """They are checked as those of our own rules."""
    decision = Moderator.load(only(**ACTS), models).moderate(THREE)
    assert decision.action == Action.REVIEW
    assert [span.text for span in decision.reasons[0].finding.spans] == ["#Council", "#Shame"]
    with pytest.raises(PolicyError, match=r"\[hashtags\] mots: no such setting; did you mean"):
        Policy.load({"hashtags": {"mots": 1}})


@pytest.mark.usefixtures("installed")
def test_a_plugin_can_be_switched_off(models: Path) -> None:
    """It is then not named in decisions."""
    moderator = Moderator.load(only(hashtags={"enabled": False}), models)
    assert "plugins" not in moderator.moderate(THREE).to_dict()


def test_the_hash_has_package_and_version(package: Package) -> None:
    """Another version is another policy. So is the policy without the plug-in."""
    without = Policy.load().hash
    package(RULE)
    first = Policy.load().hash
    assert first != without
    assert Policy.of(Policy.load().tables).hash == first
    metadata = Path(sys.path[0]) / "gazette_rules-2.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text("utf-8").replace("2.0", "2.1"), "utf-8")
    plugins.installed.cache_clear()
    assert Policy.load().hash not in (first, without)


def test_two_packages_with_the_same_name_stop_the_start(package: Package) -> None:
    """The message names both packages."""
    package(RULE, package="gazette-rules")
    package(RULE, package="herald-rules")
    with pytest.raises(PluginError) as caught:
        Policy.load()
    (problem,) = caught.value.problems
    assert "'no' of herald-rules 2.0" in problem
    assert "gazette-rules 2.0" in problem


def test_the_name_of_one_of_our_rules_stops_the_start(
    package: Package, capfd: pytest.CaptureFixture[str]
) -> None:
    """A package cannot replace one of our rules. Commands exit with 2, on one line."""
    package(RULE, "abuse")
    assert run(["check", "Well said."]) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "'abuse' of gazette-rules 2.0 has the same name as one of house-rules" in error


@pytest.mark.parametrize(
    ("source", "name", "problem"),
    [
        (RULE, "House", "needs a name of lower-case letters"),
        (RULE, "house", "has the same name as one of house-rules"),
        ("import no_such_module", "no", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)", "no", "cannot be imported: SystemExit"),
        (RULE.replace('"""Say no."""', ""), "no", "has no docstring"),
        (RULE.replace("rules.Settings", "dict"), "no", "has no class Settings"),
        (RULE.replace("def check", "def chek"), "no", "has no function check(text, settings)"),
        (RULE.replace("(text, settings)", "(text)"), "no", "has no function check(text, settings)"),
        (RULE.replace('"""None."""', "most: int"), "no", "Settings.most has no default"),
        (RULE.replace('"""None."""', "review: int = 1"), "no", "is a key of every rule's table"),
    ],
)
def test_a_module_that_is_no_rule_stops_the_start(
    package: Package, source: str, name: str, problem: str
) -> None:
    """The message names the plug-in and its package, and says what would be right."""
    package(source, name)
    with pytest.raises(PluginError) as caught:
        rules.all_rules()
    assert f"'{name}' of gazette-rules 2.0" in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param({"no": {"module": "antigravity"}}, id="a table for code"),
        pytest.param({"length": {"module": "antigravity"}}, id="a key for code"),
        pytest.param({"plugins": ["antigravity"]}, id="a list of code"),
        pytest.param({"antigravity": {"guideline": "Fly."}}, id="the name of a module"),
        pytest.param({"length": {"check": "antigravity:fly"}}, id="a function"),
    ],
)
def test_a_policy_file_cannot_load_code(table: dict[str, Any]) -> None:
    """Whoever edits thresholds cannot name a module: no key of any table is read as one."""
    sys.modules.pop("antigravity", None)
    with pytest.raises(PolicyError):
        Policy.load(table)
    assert "antigravity" not in sys.modules


def test_a_setting_cannot_load_code(package: Package) -> None:
    """pydantic's ImportString would import what the policy file names."""
    source = RULE.replace('"""None."""', "hook: list[ImportString] = []")
    package(source.replace("from", "from pydantic import ImportString\nfrom", 1))
    with pytest.raises(PluginError, match=r"Settings\.hook is an ImportString"):
        rules.all_rules()


def test_a_wrong_finding_is_a_failed_check(package: Package, models: Path) -> None:
    """A score above 1 or a place outside the text never reaches the record: a person decides."""
    for wrong in (
        'Finding("no", 1.5, "…")',
        'Finding("no", float("nan"), "…")',
        'Finding("abuse", 1.0, "…")',
        'Finding("no", 1.0, "…", (Span(0, 900, "x"),))',
        '"no"',
        "sys.exit(1)",
    ):
        source = RULE.replace('Finding("{name}", 1.0, "Do not say no.")', wrong)
        source = source.replace("import Finding", "import Finding, Span\nimport sys")
        name = f"gazette{abs(hash(wrong))}"
        package(source, "no", package=name)
        moderator = Moderator.load(only(no={"review": 0.5}), models)
        decision = moderator.moderate("Say no.")
        assert decision.action == Action.REVIEW, wrong
        assert decision.reasons[0].finding.score == 0.0
        (Path(sys.path[0]) / f"{name}-2.0.dist-info" / "entry_points.txt").unlink()


@pytest.mark.usefixtures("installed")
def test_workers_compare_the_code_of_plugins(
    models: Path, courier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose plug-in differs by a byte refuses, and so does one without the plug-in."""
    spec = WorkerSpec.of(Policy.load(only(**ACTS)), models)
    assert spec.moderator().moderate(THREE).action == Action.REVIEW
    programs = {worker._program.__wrapped__()}
    file = courier / "courier_rules" / "hashtags.py"
    content = file.read_bytes()
    try:
        file.write_bytes(content + b"# changed\n")
        programs.add(worker._program.__wrapped__())
    finally:
        file.write_bytes(content)
    assert len(programs) == 2
    worker._moderator.cache_clear()
    monkeypatch.setattr(plugins, "entry_points", lambda **_: ())
    plugins.installed.cache_clear()
    worker._program.cache_clear()
    with pytest.raises(WorkerSpecError):
        spec.moderator()
    worker._program.cache_clear()


def moderation(courier: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program in an environment in which the example is installed."""
    search = os.pathsep.join((str(courier), str(paths.PACKAGE.parent)))
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "moderation", *arguments],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_program_with_the_example(courier: Path, models: Path) -> None:
    """`check` decides with it, also in two processes. `policy show` and `check` know its table."""
    policy = models / "mine.toml"
    off = "".join(f"[{name}]\nenabled = false\n" for name in rules.shipped_rules())
    policy.write_text(f"{off}[hashtags]\nreview = 0.5\nmost = 1\n", "utf-8")
    comments = models / "in.jsonl"
    comments.write_text(json.dumps({"text": THREE}) + "\n" + '{"text": "Well said."}\n', "utf-8")
    options = ["--policy", str(policy), "--models", str(models)]
    decision = json.loads(moderation(courier, "check", THREE, *options).stdout)
    assert [reason["rule"] for reason in decision["reasons"]] == ["hashtags"]
    spread = moderation(courier, "check", "--input", str(comments), "--jobs", "2", *options)
    first, second = map(json.loads, spread.stdout.splitlines())
    assert (first["action"], second["action"]) == ("review", "approve")
    assert first["policy"] == second["policy"] == decision["policy"]
    assert first["plugins"] == {"hashtags": "courier-rules 1.0"}
    shown = tomllib.loads(moderation(courier, "policy", "show").stdout)
    assert shown["hashtags"] == {"guideline": "Use few hashtags."}
    assert "1 rules act" in moderation(courier, "policy", "check", str(policy)).stdout


def blocks(kind: str) -> list[str]:
    """Return the code blocks of the page about plug-ins."""
    page = (paths.PACKAGE.parent / "docs" / "plugins.md").read_text("utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.M | re.S)


def test_the_page_shows_the_example() -> None:
    """The files on the page are those that these tests install."""
    example = paths.PACKAGE.parent / "docs" / "plugin"
    assert blocks("ini")[0] == (example / "pyproject.toml").read_text("utf-8")
    package, rule, scorer = blocks("python")
    assert package == (example / "courier_rules" / "__init__.py").read_text("utf-8")
    assert rule == (example / "courier_rules" / "hashtags.py").read_text("utf-8")
    assert "def load(files)" in scorer


@pytest.mark.usefixtures("installed")
def test_the_commands_of_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The test passes, and the policy's table acts on the fourth hashtag."""
    from courier_rules import hashtags

    check_rule(hashtags)
    policy = tmp_path / "mine.toml"
    policy.write_text(blocks("ini")[1], "utf-8")
    assert run(["policy", "check", str(policy)]) == 0
    (last,) = [line for line in blocks("console")[1].splitlines() if "moderation check" in line]
    (text,) = re.findall(r'"(.*)"', last)
    capsys.readouterr()
    assert run(["check", "--policy", str(policy), text]) == 0
    acted = json.loads(capsys.readouterr().out)["reasons"]
    spans = [reason["spans"] for reason in acted if reason["rule"] == "hashtags"]
    assert [span["text"] for span in spans[0]] == ["#Now"]


def test_the_scorer_of_the_page(package: Package, tmp_path: Path) -> None:
    """It passes its test."""
    package(blocks("python")[2], "loudness", package="courier-scorer", group=plugins.SCORERS)
    card = {"kind": "loudness", "heads": ["loudness"]}
    store.save(tmp_path / "mood" / "1", card, {}, {"factor.json": b"1.5"})
    check_scorer(importlib.import_module("courier_scorer"), tmp_path / "mood" / "1")
