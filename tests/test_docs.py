"""The docs tell the truth: their examples run, their links lead somewhere, their tables are new."""

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
    """A page's name for a test's id."""
    return str(path.relative_to(ROOT))


def test_pages_from_the_code_are_current() -> None:
    """`make docs` would change nothing."""
    command = [sys.executable, str(ROOT / "docs" / "build.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours names one that is there, and a heading that is in it."""
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
    """The README's Python does what it says."""
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def essence(decision: dict[str, Any]) -> Any:
    """What of a decision does not depend on the machine it was made on."""
    return decision["action"], [(it["rule"], it["spans"]) for it in decision["reasons"]]


def test_the_first_request() -> None:
    """The README's first request gets the answer that stands under it."""
    request = re.search(r"curl -s http://127\.0\.0\.1:8000(\S+).*?-d '(.*?)'", README, re.S)
    answer = re.search(r"<!-- answer -->\s*```json\n(.*?)```", README, re.S)
    assert request
    assert answer
    shown = json.loads(answer[1])
    client = create_app({}).test_client()
    response = client.post(request[1], data=request[2], content_type="application/json")
    assert response.status_code == 200
    assert response.json is not None
    assert essence(response.json) == essence(shown)
    assert response.json.keys() == shown.keys()
    assert shown["reasons"]


def commands() -> list[str]:
    """Every command line that a page shows with a '$'; the first month has a test of its own."""
    blocks = [
        block
        for page in PAGES
        if page.name != "first-month.md"
        for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.S)
    ]
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("line", commands())
def test_commands_run(line: str, tmp_path: Path) -> None:
    """Each command of the docs works in a folder with the files it names."""
    (tmp_path / "mine.toml").write_text("[length]\nmost_words = 300\n", "utf-8")
    (tmp_path / "comments.csv").write_text("text\nWell said, sir.\n", "utf-8")
    # Enough of them for a budget of 1 % to be kept.
    labelled = "text,label\n" + "Well said.,0\n" * 1_000 + "You are an idiot.,1\n" * 8
    (tmp_path / "ours.csv").write_text(labelled, "utf-8")
    (tmp_path / "thresholds.toml").write_text("TOXICITY = 0.8\n", "utf-8")
    assert line.startswith("moderation ")
    shell = shutil.which("sh")
    assert shell
    program = re.sub(r"(^|&& )(?=moderation )", rf'\1"{sys.executable}" -m ', line)
    subprocess.run([shell, "-ec", program], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603 - our own docs


def test_every_policy_example_is_a_policy(tmp_path: Path) -> None:
    """The TOML that the docs show is accepted as it stands."""
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
    """The README says that no rule of form rejects as shipped."""
    shipped = Policy.load().rules
    for name in ("full_sentences", "lower_case", "shouting", "text_speak"):
        assert shipped[name].thresholds.reject == "never"


def test_every_rule_has_its_page() -> None:
    """Each rule has a heading in the page of rules."""
    headings = re.findall(r"(?m)^## (.+)$", (ROOT / "docs" / "rules.md").read_text("utf-8"))
    assert headings == list(rules.all_rules())


def test_no_place_of_one_machine() -> None:
    """No page names a folder that only one machine has."""
    told = [name(page) for page in PAGES if re.search(r"/(work|home|root|tmp)/", page.read_text())]
    assert not told
