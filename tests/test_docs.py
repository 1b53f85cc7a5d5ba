"""The docs are correct: examples run, links work, and generated parts are up to date."""

import doctest
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api import create_app
from moderation import Policy, rules

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
README = (ROOT / "README.md").read_text("utf-8")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name(path: Path) -> str:
    """Return a page's name, for the id of a test."""
    return str(path.relative_to(ROOT))


def test_pages_from_the_code_are_current() -> None:
    """`python docs/build.py --check` finds nothing out of date."""
    command = [sys.executable, str(ROOT / "docs" / "build.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_work(page: Path) -> None:
    """Each link to a file of the project names an existing file and heading."""
    for link in LINK.findall(page.read_text("utf-8")):
        if "://" in link:
            continue
        file, _, heading = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), link
        if heading:
            headings = re.findall(r"(?m)^#+ (.+)$", target.read_text("utf-8"))
            assert heading in [_anchor(title) for title in headings], link


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_python_examples() -> None:
    """The README's Python examples give the results shown."""
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def outcome(decision: dict[str, Any]) -> Any:
    """Return the part of a decision that is the same on every machine."""
    return decision["action"], [(reason["rule"], reason["spans"]) for reason in decision["reasons"]]


def test_the_first_request() -> None:
    """The README's first request gets the answer shown below it."""
    request = re.search(r"curl -s http://127\.0\.0\.1:8000(\S+).*?-d '(.*?)'", README, re.S)
    answer = re.search(r"<!-- answer -->\s*```json\n(.*?)```", README, re.S)
    assert request
    assert answer
    shown = json.loads(answer[1])
    client = create_app({}).test_client()
    response = client.post(request[1], data=request[2], content_type="application/json")
    assert response.status_code == 200
    assert response.json is not None
    assert outcome(response.json) == outcome(shown)
    assert response.json.keys() == shown.keys()
    assert shown["reasons"]


def commands() -> list[str]:
    """Return the command lines shown with a '$'. The first month has its own test."""
    blocks = [
        block
        for page in PAGES
        if page.name != "first-month.md"
        for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.S)
    ]
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("line", commands())
def test_commands_run(line: str, tmp_path: Path) -> None:
    """Each command of the docs succeeds in a folder with the files that it names."""
    (tmp_path / "mine.toml").write_text("[length]\nmost_words = 300\n", "utf-8")
    (tmp_path / "comments.csv").write_text("text\nWell said, sir.\n", "utf-8")
    # Enough comments to show that a budget of 1 % is kept.
    labelled = "text,label\n" + "Well said.,0\n" * 1_000 + "You are an idiot.,1\n" * 8
    (tmp_path / "ours.csv").write_text(labelled, "utf-8")
    (tmp_path / "thresholds.toml").write_text("TOXICITY = 0.8\n", "utf-8")
    assert line.startswith("moderation ")
    shell = shutil.which("sh")
    assert shell
    program = re.sub(r"(^|&& )(?=moderation )", rf'\1"{sys.executable}" -m ', line)
    subprocess.run([shell, "-ec", program], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603 - commands of our own docs


def test_every_policy_example_is_a_policy(tmp_path: Path) -> None:
    """Each TOML example in the docs loads as a policy."""
    examples = [
        block
        for page in PAGES
        for block in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.S)
    ]
    assert len(examples) >= 2
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.toml"
        path.write_text(example, "utf-8")
        assert Policy.load(path).publication


def test_rules_of_form_do_not_reject() -> None:
    """No rule of form rejects comments as shipped, as the README says."""
    shipped = Policy.load().rules
    for name in ("full_sentences", "lower_case", "shouting", "text_speak"):
        assert shipped[name].thresholds.reject == "never"


def test_every_rule_has_its_page() -> None:
    """Each rule has a heading on the page of rules."""
    headings = re.findall(r"(?m)^## (.+)$", (ROOT / "docs" / "rules.md").read_text("utf-8"))
    assert headings == list(rules.shipped_rules())


def test_no_paths_of_one_machine() -> None:
    """No page names a folder that exists only on one machine."""
    pages = [name(page) for page in PAGES if re.search(r"/(work|home|root|tmp)/", page.read_text())]
    assert not pages


def test_help_texts_name_the_program() -> None:
    """Each usage line on the page of commands begins with its heading's command."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    usages = re.findall(r"(?m)^## (.+)\n\n```text\nUsage: (.*)$", page)
    assert len(usages) > 10
    assert all(usage.startswith(f"{command} ") for command, usage in usages)


def test_figures_have_rows() -> None:
    """Each row of figures on the page of models counts the comments that it was measured on."""
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    tables = re.findall(r"(?m)^\| measured on \| rows \|.*\n\|-.*\n((?:\|.*\n)+)", page)
    assert len(tables) == page.count("| measured on |") >= 4
    for line in "".join(tables).splitlines():
        assert re.match(r"\| [^|]+ \| [\d,]+ \|", line), line
