"""Read a treebank: sentences with their dependency trees (CoNLL-U).

The trees show which sentences are full, and which role each word has. A sentence is full if its
main clause has a subject and a finite verb, or is an imperative. A sentence is also full if its
main part is no clause, and a clause with a subject and a finite verb depends on the main part
('Wow, that is bad.'). A clause that begins with a subordinator ('Because he lied.') does not make a
sentence full. The relations are those of Universal Dependencies 2 (de Marneffe et al. 2021).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

_SUBJECTS = ("nsubj", "csubj", "expl")
_AUXILIARIES = ("aux", "cop")
_COORDINATED = ("conj", "parataxis")
_DEPENDENT = ("advcl", "acl", "ccomp", "csubj")

# The role of a word by its part of speech, unless its relation decides.
_POS_ROLES = {
    "NOUN": "N", "PROPN": "N", "NUM": "N", "PRON": "R", "VERB": "V", "AUX": "V", "ADJ": "J",
    "ADV": "A", "ADP": "P", "DET": "D", "PART": "T", "SCONJ": "M", "CCONJ": "C",
}  # fmt: skip
OTHER = "X"


class Node(NamedTuple):
    """A word of a sentence, with its place in the dependency tree.

    `relation` is its dependency relation without the subtype. `start` and `end` are its position in
    the text of the sentence.
    """

    id: int
    pos: str
    features: Mapping[str, str]
    head: int
    relation: str
    start: int
    end: int

    @property
    def imperative(self) -> bool:
        """Whether the word is an imperative: 'Stop.'"""
        return self.features.get("Mood") == "Imp"

    @property
    def finite(self) -> bool:
        """Whether the word is a finite verb: 'lied', 'has', 'must', or an imperative."""
        return self.features.get("VerbForm") == "Fin" or self.imperative


@dataclass(frozen=True)
class Tree:
    """A sentence with its dependency tree: its text, and its words as nodes of the tree."""

    text: str
    nodes: tuple[Node, ...]

    @cached_property
    def children(self) -> dict[int, list[Node]]:
        """The words that depend on each word, by the id of the word that they depend on.

        The root of the tree depends on the id 0.
        """
        children: dict[int, list[Node]] = {}
        for node in self.nodes:
            children.setdefault(node.head, []).append(node)
        return children

    def dependents(self, node: Node, *relations: str) -> list[Node]:
        """Return the words that depend directly on `node` by one of these dependency relations."""
        return [child for child in self.children.get(node.id, []) if child.relation in relations]

    def subtree(self, node: Node) -> list[Node]:
        """Return `node` and all words below it in the tree, in the order of the text."""
        nodes = [node]
        for member in nodes:
            nodes.extend(self.children.get(member.id, []))
        return sorted(nodes, key=lambda member: member.id)

    def heads_full_clause(self, node: Node) -> bool:
        """Return whether `node` is the head of a clause that can stand alone as a sentence."""
        verbs = [node, *self.dependents(node, *_AUXILIARIES)]
        imperative = any(verb.imperative for verb in verbs)
        subjects = self.dependents(node, *_SUBJECTS)
        finite = [verb for verb in verbs if verb.finite]
        if not finite or not (subjects or imperative):
            return False
        # A subordinator counts only if it opens the clause: not in 'The point is that …'.
        opening = min(member.id for member in [*finite, *subjects])
        return not any(mark.id < opening for mark in self.dependents(node, "mark"))

    @cached_property
    def full_clauses(self) -> frozenset[int]:
        """The ids of the head words of the clauses that make this a full sentence.

        The set is empty if this is a fragment.
        """
        root = self.children[0][0]
        heads, queue = set(), [root]
        for node in queue:
            full = self.heads_full_clause(node)
            relations = _COORDINATED if full or node is not root else (*_COORDINATED, "ccomp")
            queue.extend(self.dependents(node, *relations))
            heads |= {node.id} if full else set()
        top = {root.id} | {child.id for child in self.dependents(root, *_COORDINATED, "ccomp")}
        return frozenset(heads) if heads & top else frozenset()

    @property
    def full(self) -> bool:
        """Whether this is a full sentence."""
        return bool(self.full_clauses)

    @cached_property
    def roles(self) -> dict[int, str]:
        """The role of each word as a letter, by the word's id.

        F is the finite verb of a clause that makes the sentence full, and I is its verb if the
        clause is an imperative. f is a finite verb in a dependent clause, E any other finite verb,
        and V any other form of a verb. S is a subject, M a subordinator, and X punctuation. All
        other words have a letter for their part of speech.
        """
        return {node.id: self._role(node) for node in self.nodes}

    def _role(self, node: Node) -> str:
        if _POS_ROLES.get(node.pos) == "V":
            if not node.finite:
                return "V"
            head = node.head if node.relation in _AUXILIARIES else node.id
            if head in self.full_clauses:
                return "I" if node.imperative else "F"
            return "f" if self._in_dependent_clause(node) else "E"
        if node.relation in _SUBJECTS:
            return "S"
        return _POS_ROLES.get(node.pos, OTHER)

    def _in_dependent_clause(self, node: Node) -> bool:
        by_id = {member.id: member for member in self.nodes}
        while node.head:
            if node.relation in _DEPENDENT:
                return True
            node = by_id[node.head]
        return False


def trees(path: Path) -> Iterator[Tree]:
    """Return the trees of a CoNLL-U file, plain or gzip-compressed.

    A sentence is left out if it has no `# text` comment, or if one of its words is not in the text
    of this comment.

    Raises `ValueError`, with the number of the line, if a row does not have ten columns.
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
    """Return the words with their positions in the text; None if a word is not in the text.

    The parts of a contraction ("don't") all have the position of the whole contraction.
    """
    nodes: list[Node] = []
    start = end = last_part = 0
    for ident, form, _, pos, _, features, head, relation, *_ in rows:
        if "." in ident:
            continue  # an elided word
        if "-" in ident or int(ident) > last_part:
            start = text.find(form, end)
            if start < 0:
                return None
            end = start + len(form)
        if "-" in ident:
            last_part = int(ident.split("-")[1])
            continue
        values = {} if features == "_" else dict(pair.split("=", 1) for pair in features.split("|"))
        plain_relation = relation.split(":")[0]
        nodes.append(Node(int(ident), pos, values, int(head), plain_relation, start, end))
    return tuple(nodes)
