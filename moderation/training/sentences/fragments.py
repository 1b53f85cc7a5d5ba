"""Sentences and fragments to learn from: trees read as comments are read, cut and disturbed.

The model must not hear capitals, full stops or typing errors in place of grammar, so each
sentence also stands there in small letters, in capitals, unpunctuated, mistyped and in text
speak. Cutting dependent clauses and noun phrases out of trees makes the fragments that edited
text has few of: 'Because he lied', 'The man who came'.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moderation.text.reading import Token, read
from moderation.training.sentences.treebank import OTHER, Node, Tree

_MOST_WORDS = 25  # of a fragment cut out of a tree
_CUT = {  # how often a part of this relation is cut out
    "advcl": 0.6, "acl": 0.3, "ccomp": 0.15, "xcomp": 0.1, "obj": 0.08, "obl": 0.08, "nsubj": 0.05,
}  # fmt: skip
_OPENING = frozenset(
    "because which who that if when while although though since unless until as so where whereas "
    "and but or to for in of by with from like than after before without about despite".split()
)
_NEAR = {  # keys that lie beside each other
    pair[0]: pair[1:]
    for pair in """asqz bvn cxv dsf ewr fdg gfh hgj iuo jhk kjl lk mn nbm oip po qwa ret sad try uyi
    vcb wqe xzc ytu zx""".split()
}
_SHORT = {
    "you": "u", "are": "r", "your": "ur", "please": "plz", "and": "n", "the": "d", "for": "4",
    "to": "2", "why": "y", "because": "bcoz", "people": "ppl", "have": "hv", "with": "wid",
    "that": "dat", "this": "dis", "what": "wat", "is": "s", "be": "b", "good": "gud", "see": "c",
    "don't": "dnt", "very": "v", "from": "frm", "not": "nt", "but": "bt", "just": "jst",
}  # fmt: skip


class Example(NamedTuple):
    """A sentence's tokens, what each does (one letter, or two for "he's"), and whether it is full.

    `roles` is None where only the last is known. `full` is 1 or 0, or the chance that a teacher
    gives.
    """

    tokens: list[Token]
    roles: list[str] | None
    full: float


def example(tree: Tree) -> Example | None:
    """The tree's sentence as a comment; None where reading changes its length."""
    text = read(tree.text)
    if len(text.clean) != len(tree.text):
        return None
    left = list(tree.nodes)
    roles = []
    for token in text.tokens:
        inside = [node for node in left if node.start < token.end and node.end > token.start]
        left = [node for node in left if node not in inside] if inside else left
        roles.append(_role([tree.roles[node.id] for node in inside]))
    return Example(text.tokens, roles, tree.full)


def _role(parts: list[str]) -> str:
    """One role for a token that holds several words: "don't", "he's"."""
    verbs = [part for part in parts if part in "FIEf"]
    if verbs:
        return "S" + verbs[0] if "S" in parts else verbs[0]
    for wanted in "VS":
        if wanted in parts:
            return wanted
    return parts[0] if parts else OTHER


def fragments(tree: Tree, whole: Example, draw: random.Random) -> Iterator[Example]:
    """Parts cut out of a tree that cannot stand alone."""
    for node in tree.nodes:
        if draw.random() >= _CUT.get(node.relation, 0):
            continue
        part = tree.subtree(node)
        if len(part) != part[-1].id - part[0].id + 1 or not 2 <= len(part) <= _MOST_WORDS:
            continue
        if _stands_alone(tree, node):
            continue
        cut = [
            (token, role)
            for token, role in zip(whole.tokens, whole.roles or [], strict=True)
            if token.start >= part[0].start and token.end <= part[-1].end
        ]
        while cut and cut[0][0].kind == "other":
            cut.pop(0)
        if len(cut) < 2 or any(role[-1] in "FI" for _, role in cut):
            continue
        stop = Token("other", ".", cut[-1][0].end, cut[-1][0].end + 1)
        yield Example(
            [token for token, _ in cut] + [stop], [role for _, role in cut] + ["X"], False
        )


def _stands_alone(tree: Tree, node: Node) -> bool:
    """A clause without its subordinator may be a sentence: (He says) 'she left'."""
    marked = any(mark.kind == "SCONJ" for mark in tree.below(node, "mark"))
    if node.relation == "ccomp":
        return not marked
    return node.relation == "advcl" and node.finite and not marked


def piece(tokens: Sequence[Token], draw: random.Random) -> list[Token]:
    """A part of a sentence as it might be cut by a hasty full stop; empty where there is none.

    >>> found = piece(read("He left because he was tired.").tokens, random.Random(0))
    >>> " ".join(token.text for token in found)
    'because he was tired .'
    """
    starts = [
        at
        for at, token in enumerate(tokens)
        if at and (token.text.lower() in _OPENING or token.text.endswith("ing"))
    ]
    starts += [at + 1 for at, token in enumerate(tokens[:-2]) if token.text in (",", ";", "-")]
    if not starts:
        return []
    start = draw.choice(starts)
    ends = [at for at in range(start + 3, len(tokens)) if tokens[at].text in (",", ";")]
    end = draw.choice([*ends, len(tokens), len(tokens)])
    return list(tokens[start:end])


def disturbed(whole: Example, draw: random.Random) -> Example:
    """The same sentence as people type it: case, signs, articles, apostrophes, short cuts, slips.

    >>> words = read("He has lied.").tokens
    >>> changed = disturbed(Example(words, ["S", "F", "V", "X"], True), random.Random(2))
    >>> " ".join(token.text for token in changed.tokens)
    'he has lied .'
    """
    roles = whole.roles or [OTHER] * len(whole.tokens)
    pairs = list(zip(whole.tokens, roles, strict=True))
    if draw.random() < 0.5:
        while len(pairs) > 1 and pairs[-1][0].kind == "other":
            pairs.pop()
    if draw.random() < 0.25:
        pairs = [pair for pair in pairs if pair[0].kind != "other"] or pairs
    if draw.random() < 0.08:
        pairs = [pair for pair in pairs if pair[0].text.lower() not in ("a", "an", "the")] or pairs
    bare, short = draw.random() < 0.3, draw.random() < 0.1
    slips = draw.choice((0, 0, 0.05, 0.15))
    case = draw.choice((str, str, str.lower, str.lower, str.upper, str.title))
    tokens = []
    for token, _ in pairs:
        text = token.text
        if bare and token.kind == "word":
            text = text.replace("'", "")
        if short and draw.random() < 0.7:
            text = _SHORT.get(text.lower(), text)
        if token.kind == "word" and draw.random() < slips:
            text = mistyped(text, draw)
        tokens.append(token._replace(text=case(text)))
    return Example(tokens, [role for _, role in pairs] if whole.roles else None, whole.full)


def mistyped(word: str, draw: random.Random) -> str:
    """Two letters swapped, one left out, doubled, or a neighbour's key struck."""
    if len(word) < 4:
        return word
    at = draw.randrange(len(word) - 1)
    match draw.randrange(4):
        case 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 1:
            return word[:at] + word[at + 1 :]
        case 2:
            return word[:at] + word[at] + word[at:]
    near = _NEAR.get(word[at].lower())
    return word[:at] + draw.choice(near) + word[at + 1 :] if near else word
