"""Generate the parts of the docs that come from the code (`make docs`).

Writes the pages `rules.md`, `cli.md` and `models.md`, the parts of the README, `measured.md` and
`security.md` between `<!-- name -->` and `<!-- /name -->`, and the types in the clients of our own
API. With `--check` it writes nothing and exits with 1 if a file is out of date.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import wire
from click.testing import CliRunner
from flask.testing import FlaskClient

from api import create_app
from api.record.keys import SCOPES
from moderation import Policy
from moderation.cli import commands
from moderation.policy import RulePolicy
from moderation.scoring.store import SHIPPED, ModelStore

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MEASURED = ROOT / "docs" / "measured.md"
SECURITY = ROOT / "docs" / "security.md"
RESULTS = ROOT / "benchmarks" / "results"
GENERATED = "<!-- Written by `make docs` from the code; change it there. -->\n"
MODELS_INTRO = """\
These are the cards of the models in use. `moderation models show NAME` prints a whole card.

Each table has a row for each set of comments. A figure is followed by its 95 % interval.

- `rows` counts the comments of the set, and `positive` those that carry the label.
- **AUC**: the share of pairs of a positive and a negative comment in which the positive one has the
  higher score.
- **Average precision**: the area under the curve of precision and recall.
- **ECE** (expected calibration error): how far scores are from the share of positive comments.

*In use* are the figures of all models in use together (`moderation evaluate --cards`). For
`careful`, `fast` is the linear model alone, `careful` the transformer alone, and `both` their
mixture."""
COLUMNS = {"auc": "AUC", "ap": "average precision", "ece": "ECE", "value": "value"}


def rules() -> str:
    """Return the page of rules: their docstrings, guidelines, thresholds and settings."""
    return "\n".join(
        [
            "# The rules\n",
            GENERATED,
            "What each rule looks for, why, and where it is wrong. Thresholds are those of the",
            "shipped policy; [policy.md](policy.md) explains how to set your own.",
            *(_rule(rule) for rule in Policy.load().rules.values() if not rule.plugin),
        ]
    )


def _rule(rule: RulePolicy) -> str:
    thresholds = rule.thresholds
    keys = rule.rule.settings.model_fields
    table = Policy.load().tables[rule.name]
    lines = [
        f"\n## {rule.name}\n",
        rule.rule.doc.strip() + "\n",
        f"> {thresholds.guideline}\n",
        "As shipped, the rule runs in shadow: it reports what it finds and never acts.\n"
        if thresholds.shadow
        else f"As shipped: {_review(rule)}, {_reject(rule)}.\n",
    ]
    if keys:
        lines += ["| setting | shipped | meaning |", "|---|---|---|"]
    for key, field in keys.items():
        value = table.get(key, getattr(rule.settings, key))
        shipped = json.dumps(sorted(value) if isinstance(value, set | frozenset) else value)
        shipped = shipped if len(shipped) <= 60 else f"{shipped[:56]} …{shipped[-1]}"
        lines.append(f"| `{key}` | `{shipped}` | {field.description} |")
    return "\n".join(lines)


def _review(rule: RulePolicy) -> str:
    limit = rule.thresholds.review
    return "never reviewed" if limit == "never" else f"review from {limit}"


def _reject(rule: RulePolicy) -> str:
    limit = rule.thresholds.reject
    return "never rejected" if limit == "never" else f"reject from {limit}"


def cli() -> str:
    """Return the page of commands: the help text of each."""
    pages = [f"# The command line\n\n{GENERATED}"]
    for path in _commands(commands, ("moderation",)):
        result = CliRunner().invoke(
            commands, [*path[1:], "--help"], prog_name=path[0], terminal_width=90
        )
        pages.append(f"## {' '.join(path)}\n\n```text\n{result.output.rstrip()}\n```\n")
    return "\n".join(pages)


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], (*path, name))


def models() -> str:
    """Return the page of models: the cards of those in use."""
    head = ["# The models\n", GENERATED, f"{models_table()}\n", MODELS_INTRO]
    return "\n".join([*head, *map(_card, _champions())])


def _champions() -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (model.name, model.version, model.card)
        for model in ModelStore(SHIPPED).stored()
        if model.in_use
    ]


def _card(champion: tuple[str, str, Mapping[str, Any]]) -> str:
    name, version, card = champion
    heads = ", ".join(f"`{head}`" for head in card["heads"])
    lines = [
        f"\n## {name} {version}\n",
        f"{card['purpose']}\n",
        f"Scores: {heads}. Made {card['made']} with seed {card['seed']}.\n",
        f"Limits: {card['limits']}\n",
        *_figures(card["figures"]),
        "| data | rows | licence |",
        "|---|---:|---|",
        *(f"| {data['name']} | {data['rows']:,} | {data['licence']} |" for data in card["data"]),
    ]
    return "\n".join(lines)


def _figures(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table with a row for each set, then the tables of nested groups of sets."""
    sets = {name: _measured(entry) for name, entry in figures.items()}
    columns = [key for key in COLUMNS if any(key in cells for cells in sets.values())]
    counts = [key for key in ("rows", "positive") if any(key in figures[name] for name in sets)]
    if columns:
        yield f"| measured on | {' | '.join([*counts, *(COLUMNS[key] for key in columns)])} |"
        yield "|---|" + "---:|" * len(counts) + "---|" * len(columns)
        for name, cells in sets.items():
            if cells:
                row = [
                    *(f"{figures[name][key]:,}" if key in figures[name] else "" for key in counts),
                    *(_cell(cells[key]) if key in cells else "" for key in columns),
                ]
                yield f"| {name} | {' | '.join(row)} |"
        yield ""
    for name, entry in figures.items():
        if not sets[name]:
            yield f"### {name.capitalize()}\n"
            yield from _figures(entry)


def _measured(entry: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the figures of one set by their keys; none if the entry is a group of sets."""
    if "value" in entry:
        return {"value": entry}
    return {
        key: figure
        for key, figure in entry.items()
        if key in COLUMNS and isinstance(figure, Mapping) and "value" in figure
    }


def _cell(figure: Mapping[str, Any]) -> str:
    low, high = figure.get("interval") or (None, None)
    interval = "" if low is None else f" ({low:.3f} to {high:.3f})"
    return f"{figure['value']:.3f}{interval}"


def rules_table() -> str:
    """Return the README's table of rules."""
    lines = ["| rule | about | review | reject |", "|---|---|---|---|"]
    for rule in Policy.load().rules.values():
        if rule.plugin:
            continue
        summary = rule.rule.summary
        link = f"[`{rule.name}`](docs/rules.md#{rule.name})"
        review, reject = (
            _review(rule).removeprefix("review "),
            _reject(rule).removeprefix("reject "),
        )
        lines.append(f"| {link} | {summary} | {review} | {reject} |")
    return "\n".join(lines)


def models_table() -> str:
    """Return a table of the models in use."""
    lines = ["| model | what it does | scores |", "|---|---|---|"]
    for name, version, card in _champions():
        heads = ", ".join(f"`{head}`" for head in card["heads"])
        lines.append(f"| [{name} {version}](#{name}-{version}) | {card['purpose']} | {heads} |")
    return "\n".join(lines)


def answer() -> str:
    """Return the service's answer to the request that the README shows before it."""
    body = re.search(r"-d '(\{.*?\})'", README.read_text("utf-8"))
    request = json.loads(body[1]) if body else {}
    with _client() as client:
        client.post("/v1/moderate", json=request)  # the first request loads the models
        response = client.post("/v1/moderate", json=request)
    return f"```json\n{_layout(response.json)}\n```"


@contextmanager
def _client() -> Iterator[FlaskClient]:
    """A client of a service with an empty record."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"MODERATION_DATABASE": "sqlite://", "MODERATION_HOME": folder}
        yield create_app(settings).test_client()


def _layout(value: Any, indent: int = 0, room: int = 100) -> str:
    """Format JSON for reading: a value that fits on one line is on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= room or not isinstance(value, dict | list):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, list):
        inner = [pad + _layout(item, indent + 2, room) for item in value]
    else:
        inner = [
            f"{pad}{json.dumps(key)}: {_layout(item, indent + len(key) + 6, room)}"
            if not isinstance(item, dict | list)
            else f"{pad}{json.dumps(key)}: {_layout(item, indent + 2, room - len(key) - 4)}"
            for key, item in value.items()
        ]
    start, end = "[]" if isinstance(value, list) else "{}"
    return f"{start}\n" + ",\n".join(inner) + f"\n{' ' * indent}{end}"


def desk_table() -> str:
    """Return the shares of actions from the last run of `benchmarks/desk.py`."""
    lines = ["| comments | labelled | approve % | review % | reject % |"]
    lines.append("|---|---|---:|---:|---:|")
    name = ""
    for line in (RESULTS / "desk.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].partition(":")[0]
        elif line.startswith(("| clean", "| unclean")):
            label, _, *shares = line.strip("| ").split(" | ")
            lines.append(f"| {name} | {label} | {' | '.join(shares)} |")
    return "\n".join(lines)


def filled(path: Path, parts: Mapping[str, str]) -> str:
    """Return the page at `path` with the parts between its marks replaced."""
    text = path.read_text("utf-8")
    for name, content in parts.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"
    return text


def openapi() -> dict[str, Any]:
    """Return the API's OpenAPI document."""
    with _client() as client:
        document: dict[str, Any] = client.get("/openapi.json").json or {}
    return document


def scopes_table(document: Mapping[str, Any]) -> str:
    """Return a table of all requests and of the scopes whose keys may send them."""
    lines = [f"| request | no key | {' | '.join(SCOPES)} |", f"|---{'|:-:' * (len(SCOPES) + 1)}|"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            needed = [
                key for option in operation.get("security", []) for key in option.get("key", [])
            ]
            allowed = [not needed, *(not needed or name in (*needed, "admin") for name in SCOPES)]
            marks = " | ".join("yes" if may else "–" for may in allowed)
            lines.append(f"| `{method.upper()} {path}` | {marks} |")
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Return every generated file, without the README's answer: it differs between machines."""
    docs, clients = ROOT / "docs", ROOT / "clients"
    document = openapi()
    return {
        clients / "python" / "src" / "house_rules" / "types.py": wire.python(document),
        clients / "javascript" / "types.d.ts": wire.typescript(document),
        docs / "rules.md": rules().rstrip() + "\n",
        docs / "cli.md": cli().rstrip() + "\n",
        docs / "models.md": models().rstrip() + "\n",
        MEASURED: filled(MEASURED, {"desk": desk_table()}),
        SECURITY: filled(SECURITY, {"scopes": scopes_table(document)}),
        README: filled(README, {"rules": rules_table()}),
    }


def main(check: bool) -> int:
    """Write the generated files, or with `check` name those that are out of date.

    Returns the exit status: 1 if a check failed, else 0.
    """
    stale = 0
    for path, content in pages().items():
        if path.exists() and path.read_text("utf-8") == content:
            continue
        stale += 1
        state = "is out of date" if check else "written"
        sys.stderr.write(f"{path.relative_to(ROOT)} {state}\n")
        if not check:
            path.write_text(content, "utf-8")
    if not check:
        README.write_text(filled(README, {"answer": answer()}), "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
