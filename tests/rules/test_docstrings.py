"""Each rule's docstring: its examples are true of the shipped policy and models.

A docstring, which is also the rule's page in the docs, gives examples in these forms:

    - Fires: "You are an idiot.", "no no no no no"
    - Does not fire: "Well said.", an example without quotation marks (this test skips it)
    - Fires, with `banned = ["idiot"]` and `shipped = false`: "What idiots!"
    - Fires, under the article "Monsoon arrives early in Kerala": "Buy my phones."
    - Fires, after the comment "Write to us all.": "Write to us all!"
"""

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from moderation import Action, Comment, Moderator, Policy, rules
from moderation.scoring.models import Models

EXAMPLES = re.compile(r"^- (?P<verb>Fires|Does not fire)(?P<with>,.*?)?: (?P<list>.*)$")
QUOTED = re.compile(r'"([^"]+)"')


class Example(NamedTuple):
    """One quoted comment of a rule's docstring, with the context that it is given in."""

    rule: str
    fires: bool
    text: str
    settings: str
    article: str | None
    before: str | None


def bullets(doc: str) -> Iterator[str]:
    """The items of a docstring's lists, each on one line."""
    for paragraph in doc.split("\n\n"):
        for item in re.split(r"\n(?=- )", paragraph):
            yield " ".join(item.split())


def examples(rule: rules.Rule) -> Iterator[Example]:
    """The quoted examples of a rule."""
    for bullet in bullets(rule.doc):
        match = EXAMPLES.match(bullet)
        if not match:
            continue
        context = match["with"] or ""
        settings = "\n".join(re.findall("`(.+?)`", context))
        article = re.search('under the article "(.+?)"', context)
        before = re.search('after the comment "(.+?)"', context)
        for text in QUOTED.findall(match["list"]):
            yield Example(
                rule.name,
                match["verb"] == "Fires",
                text,
                settings,
                article[1] if article else None,
                before[1] if before else None,
            )


ALL = [example for rule in rules.shipped_rules().values() for example in examples(rule)]


@pytest.mark.parametrize("example", ALL, ids=lambda example: f"{example.rule}: {example.text[:40]}")
def test_each_example_is_true(example: Example, models: dict[str, Models]) -> None:
    """An example that fires leads to an action, or to a finding if the rule ships in shadow."""
    policy = Policy.load({example.rule: tomllib.loads(example.settings)})
    comment = Comment(
        example.text,
        article=example.article,
        recent=(example.before,) if example.before else (),
    )
    decision = Moderator(policy, models["careful"], explains=False).moderate(comment)
    reasons = [
        reason
        for reason in (*decision.reasons, *decision.observed)
        if reason.rule == example.rule
        and (reason.action > Action.APPROVE or policy.rules[example.rule].thresholds.shadow)
    ]
    assert bool(reasons) == example.fires


@pytest.mark.parametrize("name", sorted(rules.shipped_rules()))
def test_each_rule_has_examples_of_both_kinds(name: str) -> None:
    """`author` looks at no text, so that its examples are in words."""
    kinds = {example.fires for example in ALL if example.rule == name}
    assert kinds == ({True, False} if name != "author" else set())
