"""Write what the docs take from the code: `make docs`, or with --check see that it is current.

The pages `rules.md`, `cli.md` and `models.md` are written whole; in the README the parts between
`<!-- name -->` and `<!-- /name -->` are, and in the clients of our own API the types. Nothing in
them is typed by hand, so nothing can rot.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import wire
from click.testing import CliRunner

from api import create_app
from moderation import Policy
from moderation.cli import commands
from moderation.policy import RulePolicy
from moderation.scoring.store import listing

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
MADE = "<!-- Written by `make docs` from the code; change it there. -->\n"


def rules() -> str:
    """A page of all rules: their docstrings, guidelines, thresholds and settings."""
    return "\n".join(
        [
            "# The rules\n",
            MADE,
            "What each rule looks for, why, and where it is wrong. Thresholds are those of the",
            "shipped policy; [policy.md](policy.md) tells how to set your own.",
            *(_rule(rule) for rule in Policy.load().rules.values()),
        ]
    )


def _rule(rule: RulePolicy) -> str:
    limits = rule.thresholds
    keys = rule.rule.settings.model_fields
    table = Policy.load().tables[rule.name]
    lines = [
        f"\n## {rule.name}\n",
        rule.rule.doc.strip() + "\n",
        f"> {limits.guideline}\n",
        "The rule runs in shadow: it only watches.\n"
        if limits.shadow
        else f"As shipped: review from {limits.review}, reject from {limits.reject}.\n",
    ]
    if keys:
        lines += ["| setting | shipped | meaning |", "|---|---|---|"]
    for key, field in keys.items():
        value = table.get(key, getattr(rule.settings, key))
        shipped = json.dumps(sorted(value) if isinstance(value, set | frozenset) else value)
        shipped = shipped if len(shipped) <= 60 else shipped[:56] + " …]"
        lines.append(f"| `{key}` | `{shipped}` | {field.description} |")
    return "\n".join(lines)


def cli() -> str:
    """A page of the help of every command."""
    pages = [f"# The command line\n\n{MADE}"]
    for path in _commands(commands, ("moderation",)):
        said = CliRunner().invoke(commands, [*path[1:], "--help"], path[0], terminal_width=90)
        pages.append(f"## {' '.join(path)}\n\n```text\n{said.output.rstrip()}\n```\n")
    return "\n".join(pages)


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], (*path, name))


def models() -> str:
    """A page of the cards of the models in use."""
    intro = "The models in use, by their cards (`moderation models show NAME` prints one whole)."
    return "\n".join([f"# The models\n\n{MADE}\n{intro}", *map(_card, _champions())])


def _champions() -> list[tuple[str, str, Mapping[str, Any]]]:
    return [(name, version, card) for name, version, used, card in listing() if used]


def _card(champion: tuple[str, str, Mapping[str, Any]]) -> str:
    name, version, card = champion
    heads = ", ".join(f"`{head}`" for head in card["heads"])
    lines = [
        f"\n## {name} {version}\n",
        f"{card['purpose']}\n",
        f"Scores: {heads}. Made {card['made']} with seed {card['seed']}.\n",
        f"Limits: {card['limits']}\n",
        "| figure | value | 95 % interval | rows |",
        "|---|---|---|---|",
        *(_figure(*figure) for figure in _figures(card["figures"])),
        "",
        "| data | rows | licence |",
        "|---|---|---|",
        *(f"| {it['name']} | {it['rows']:,} | {it['licence']} |" for it in card["data"]),
    ]
    return "\n".join(lines)


def _figures(
    figures: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every figure of a card with its path: whatever holds a `value` is one."""
    if "value" in figures:
        yield path, figures
        return
    for name, inner in figures.items():
        if isinstance(inner, Mapping):
            yield from _figures(inner, (*path, name))


def _figure(path: tuple[str, ...], figure: Mapping[str, Any]) -> str:
    low, high = figure.get("interval") or (None, None)
    interval = "" if low is None else f"{low:.3f} to {high:.3f}"
    rows = f"{figure['rows']:,}" if "rows" in figure else ""
    return f"| {' / '.join(path)} | {figure['value']:.3f} | {interval} | {rows} |"


def rules_table() -> str:
    """The README's table: a row for each rule."""
    lines = ["| rule | about | review from | reject from |", "|---|---|---|---|"]
    for rule in Policy.load().rules.values():
        first = rule.rule.doc.strip().splitlines()[0]
        limits = rule.thresholds
        link = f"[`{rule.name}`](docs/rules.md#{rule.name})"
        lines.append(f"| {link} | {first} | {limits.review} | {limits.reject} |")
    return "\n".join(lines)


def models_table() -> str:
    """The README's table: a row for each model in use."""
    lines = ["| model | what it does | scores |", "|---|---|---|"]
    for name, version, card in _champions():
        heads = ", ".join(f"`{head}`" for head in card["heads"])
        lines.append(f"| [{name} {version}](docs/models.md) | {card['purpose']} | {heads} |")
    return "\n".join(lines)


def answer() -> str:
    """The answer to the request that the README shows just before."""
    body = re.search(r"-d '(\{.*?\})'", README.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        own = {"MODERATION_DATABASE": "sqlite://", "MODERATION_SPOOL": folder}
        client = create_app(own).test_client()
        request = json.loads(body[1]) if body else {}
        client.post("/v1/moderate", json=request)  # the models are loaded by the first
        answered = client.post("/v1/moderate", json=request)
    return f"```json\n{_folded(answered.json)}\n```"


def _folded(value: Any, indent: int = 0, room: int = 100) -> str:
    """JSON that is laid out for reading: what fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= room or not isinstance(value, dict | list):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, list):
        inner = [pad + _folded(item, indent + 2, room) for item in value]
    else:
        inner = [
            f"{pad}{json.dumps(key)}: {_folded(item, indent + len(key) + 6, room)}"
            if not isinstance(item, dict | list)
            else f"{pad}{json.dumps(key)}: {_folded(item, indent + 2, room - len(key) - 4)}"
            for key, item in value.items()
        ]
    start, end = "[]" if isinstance(value, list) else "{}"
    return f"{start}\n" + ",\n".join(inner) + f"\n{' ' * indent}{end}"


def desk_table() -> str:
    """What the desk would see, out of the last run of `benchmarks/desk.py`."""
    lines = ["| comments | readers call them | approve % | review % | reject % |"]
    lines.append("|---|---|---:|---:|---:|")
    name = ""
    for line in (RESULTS / "desk.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].partition(":")[0]
        elif line.startswith(("| clean", "| unclean")):
            label, _, *shares = line.strip("| ").split(" | ")
            lines.append(f"| {name} | {label} | {' | '.join(shares)} |")
    return "\n".join(lines)


def readme(parts: Mapping[str, str]) -> str:
    """The README with its parts filled in."""
    text = README.read_text("utf-8")
    for name, content in parts.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"
    return text


def typed(path: Path, comment: str, types: str) -> str:
    """A client's file with its types, which stand between two marks."""
    before, mark, rest = path.read_text("utf-8").partition(f"{comment} <types>")
    line, _, rest = rest.partition("\n")
    end = f"{comment} </types>"
    return f"{before}{mark}{line}\n{types}{end}{rest.partition(end)[2]}"


def openapi() -> dict[str, Any]:
    """The API's own document."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"MODERATION_DATABASE": "sqlite://", "MODERATION_SPOOL": folder}
        document: dict[str, Any] = create_app(own).test_client().get("/openapi.json").json or {}
    return document


def pages() -> dict[Path, str]:
    """Every file that is written, but for the README's answer: its figures are a machine's own."""
    docs, clients = ROOT / "docs", ROOT / "clients"
    document = openapi()
    return {
        clients / "house_rules.py": typed(
            clients / "house_rules.py", "#", f"{wire.python(document)}\n\n"
        ),
        clients / "house-rules.js": typed(
            clients / "house-rules.js", "//", wire.javascript(document)
        ),
        docs / "rules.md": rules().rstrip() + "\n",
        docs / "cli.md": cli().rstrip() + "\n",
        docs / "models.md": models().rstrip() + "\n",
        README: readme({"rules": rules_table(), "models": models_table(), "desk": desk_table()}),
    }


def main(check: bool) -> int:
    """Write the pages, or name those that are not current."""
    stale = 0
    for path, content in pages().items():
        if path.exists() and path.read_text("utf-8") == content:
            continue
        stale += 1
        sys.stderr.write(f"{path.relative_to(ROOT)} {'is not current' if check else 'written'}\n")
        if not check:
            path.write_text(content, "utf-8")
    if not check:
        README.write_text(readme({"answer": answer()}), "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
