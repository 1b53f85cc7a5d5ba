"""Sentences with their trees (CoNLL-U): which are full, and what each word does in them.

A sentence is full when its main clause has a subject and a finite verb, or is an imperative;
also when such a clause hangs on something without one ('Wow, that is bad.'). A clause that
opens with a subordinator ('Because he lied.') does not count. After Universal Dependencies 2
(de Marneffe et al. 2021).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

_SUBJECTS = ("nsubj", "csubj", "expl")
_HELPERS = ("aux", "cop")
_BESIDE = ("conj", "parataxis")
_DEPENDENT = ("advcl", "acl", "ccomp", "csubj")

# One letter for what a word is, where its place in the clause does not matter.
_KINDS = {
    "NOUN": "N", "PROPN": "N", "NUM": "N", "PRON": "R", "VERB": "V", "AUX": "V", "ADJ": "J",
    "ADV": "A", "ADP": "P", "DET": "D", "PART": "T", "SCONJ": "M", "CCONJ": "C",
}  # fmt: skip
OTHER = "X"


class Node(NamedTuple):
    """A word of a tree; `relation` without its subtype, `start`..`end` in the sentence's text."""

    id: int
    kind: str
    features: Mapping[str, str]
    head: int
    relation: str
    start: int
    end: int

    @property
    def imperative(self) -> bool:
        """Whether it commands: 'Stop.'"""
        return self.features.get("Mood") == "Imp"

    @property
    def finite(self) -> bool:
        """Whether it is a verb with a tense: 'lied', 'has', 'must'."""
        return self.features.get("VerbForm") == "Fin" or self.imperative


@dataclass(frozen=True)
class Tree:
    """A sentence: its text and its words."""

    text: str
    nodes: tuple[Node, ...]

    @cached_property
    def children(self) -> dict[int, list[Node]]:
        """The words that hang on each word; the root hangs on 0."""
        found: dict[int, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.head, []).append(node)
        return found

    def below(self, node: Node, *relations: str) -> list[Node]:
        """The words that hang on `node` by one of `relations`."""
        return [child for child in self.children.get(node.id, []) if child.relation in relations]

    def subtree(self, node: Node) -> list[Node]:
        """The word and all that hangs on it, in the order of the text."""
        found = [node]
        for member in found:
            found.extend(self.children.get(member.id, []))
        return sorted(found, key=lambda member: member.id)

    def clause(self, node: Node) -> bool:
        """Whether `node` heads a clause that can stand alone."""
        verbs = [node, *self.below(node, *_HELPERS)]
        commands = any(verb.imperative for verb in verbs)
        subjects = self.below(node, *_SUBJECTS)
        finite = [verb for verb in verbs if verb.finite]
        if not finite or not (subjects or commands):
            return False
        # A subordinator counts only where it opens the clause: not in 'The point is that …'.
        opening = min(member.id for member in [*finite, *subjects])
        return not any(mark.id < opening for mark in self.below(node, "mark"))

    @cached_property
    def clauses(self) -> frozenset[int]:
        """The words that head the clauses by which the sentence is full; none in a fragment."""
        root = self.children[0][0]
        found, open_ = set(), [root]
        for node in open_:
            relations = _BESIDE if self.clause(node) or node is not root else (*_BESIDE, "ccomp")
            open_.extend(self.below(node, *relations))
            found |= {node.id} if self.clause(node) else set()
        near = {root.id} | {child.id for child in self.below(root, *_BESIDE, "ccomp")}
        return frozenset(found) if found & near else frozenset()

    @property
    def full(self) -> bool:
        """Whether it is a full sentence."""
        return bool(self.clauses)

    @cached_property
    def roles(self) -> dict[int, str]:
        """What each word does, in one letter.

        F and I: the finite or imperative verb of a clause that makes the sentence full; E: a
        finite verb beside those; f: one in a dependent clause; V: any other verb form; S: a
        subject; M: a subordinator; else the kind of word, X for signs.
        """
        return {node.id: self._role(node) for node in self.nodes}

    def _role(self, node: Node) -> str:
        if _KINDS.get(node.kind) == "V":
            if not node.finite:
                return "V"
            head = node.head if node.relation in _HELPERS else node.id
            if head in self.clauses:
                return "I" if node.imperative else "F"
            return "f" if self._dependent(node) else "E"
        if node.relation in _SUBJECTS:
            return "S"
        return _KINDS.get(node.kind, OTHER)

    def _dependent(self, node: Node) -> bool:
        by_id = {member.id: member for member in self.nodes}
        while node.head:
            if node.relation in _DEPENDENT:
                return True
            node = by_id[node.head]
        return False


def trees(path: Path) -> Iterator[Tree]:
    """The trees of a CoNLL-U file, plain or gzip-compressed. Raises `ValueError` naming the line.

    A sentence without its `# text` comment, or whose words are not in it, is left out.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        text, rows = "", []
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("# text = "):
                text = line.removeprefix("# text = ")
            elif line and line[0] != "#":
                columns = line.split("\t")
                if len(columns) != 10:
                    raise ValueError(f"{path}, line {number}: {len(columns)} columns instead of 10")
                rows.append(columns)
            elif not line and rows:
                nodes = _nodes(text, rows)
                if nodes:
                    yield Tree(text, nodes)
                text, rows = "", []


def _nodes(text: str, rows: list[list[str]]) -> tuple[Node, ...] | None:
    """The words with their places; the parts of "don't" share the place of the whole."""
    nodes: list[Node] = []
    start = end = shared_until = 0
    for ident, form, _, kind, _, features, head, relation, *_ in rows:
        if "." in ident:
            continue  # a word that is only understood
        if "-" in ident or int(ident) > shared_until:
            start = text.find(form, end)
            if start < 0:
                return None
            end = start + len(form)
        if "-" in ident:
            shared_until = int(ident.split("-")[1])
            continue
        known = {} if features == "_" else dict(pair.split("=", 1) for pair in features.split("|"))
        plain = relation.split(":")[0]
        nodes.append(Node(int(ident), kind, known, int(head), plain, start, end))
    return tuple(nodes)
