"""Make training examples for the sentences model: full sentences and fragments.

The model must decide by grammar, and not by capitals, full stops or spelling. So the model is also
trained on each sentence in other case, without punctuation, with typing errors and in text speak.
Edited text has few fragments. So the module cuts fragments out of the treebank's trees. They are
dependent clauses and noun phrases: 'Because he lied', 'The man who came'.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moderation.text.reading import Token, read
from moderation.training.sentences.treebank import OTHER, Node, Tree

_MAX_WORDS = 25  # of a fragment cut out of a tree
_CUT_RATES = {  # the share of subtrees with this relation that are cut out
    "advcl": 0.6, "acl": 0.3, "ccomp": 0.15, "xcomp": 0.1, "obj": 0.08, "obl": 0.08, "nsubj": 0.05,
}  # fmt: skip
_OPENING_WORDS = frozenset(
    "because which who that if when while although though since unless until as so where whereas "
    "and but or to for in of by with from like than after before without about despite".split()
)
_NEIGHBOUR_KEYS = {  # on an English keyboard
    pair[0]: pair[1:]
    for pair in """asqz bvn cxv dsf ewr fdg gfh hgj iuo jhk kjl lk mn nbm oip po qwa ret sad try uyi
    vcb wqe xzc ytu zx""".split()
}
_TEXT_SPEAK = {
    "you": "u", "are": "r", "your": "ur", "please": "plz", "and": "n", "the": "d", "for": "4",
    "to": "2", "why": "y", "because": "bcoz", "people": "ppl", "have": "hv", "with": "wid",
    "that": "dat", "this": "dis", "what": "wat", "is": "s", "be": "b", "good": "gud", "see": "c",
    "don't": "dnt", "very": "v", "from": "frm", "not": "nt", "but": "bt", "just": "jst",
}  # fmt: skip


class Example(NamedTuple):
    """A sentence or a fragment, with its labels.

    `roles` has the role of each token in its sentence, such as subject. A role is one letter, or
    two for contractions such as "he's". `roles` is None if the roles are unknown. `full` says
    whether the example is a full sentence: 1 or 0, or a probability that a teacher gave.
    """

    tokens: list[Token]
    roles: list[str] | None
    full: float


def example_of(tree: Tree) -> Example | None:
    """Return the sentence of a treebank's tree as a training example.

    Returns None if cleaning changes the length of the sentence's text, because the positions of the
    words in it are then unknown.
    """
    text = read(tree.text)
    if len(text.clean) != len(tree.text):
        return None
    remaining = list(tree.nodes)
    roles = []
    for token in text.tokens:
        inside = [node for node in remaining if node.start < token.end and node.end > token.start]
        remaining = [node for node in remaining if node not in inside] if inside else remaining
        roles.append(_joint_role([tree.roles[node.id] for node in inside]))
    return Example(text.tokens, roles, tree.full)


def _joint_role(roles: list[str]) -> str:
    """Return the role of a token that is several words of the tree, such as "don't" or "he's".

    `roles` are the roles of these words.
    """
    verbs = [role for role in roles if role in "FIEf"]
    if verbs:
        return "S" + verbs[0] if "S" in roles else verbs[0]
    for role in "VS":
        if role in roles:
            return role
    return roles[0] if roles else OTHER


def fragments(tree: Tree, sentence: Example, rng: random.Random) -> Iterator[Example]:
    """Yield fragments: parts of a tree's sentence that cannot stand alone as a sentence.

    A part consists of a word and all words that depend on it. `sentence` is the example that
    `example_of` returned for the tree.
    """
    for node in tree.nodes:
        if rng.random() >= _CUT_RATES.get(node.relation, 0):
            continue
        nodes = tree.subtree(node)
        if len(nodes) != nodes[-1].id - nodes[0].id + 1 or not 2 <= len(nodes) <= _MAX_WORDS:
            continue
        if _can_stand_alone(tree, node):
            continue
        cut = [
            (token, role)
            for token, role in zip(sentence.tokens, sentence.roles or [], strict=True)
            if token.start >= nodes[0].start and token.end <= nodes[-1].end
        ]
        while cut and cut[0][0].kind == "other":
            cut.pop(0)
        if len(cut) < 2 or any(role[-1] in "FI" for _, role in cut):
            continue
        stop = Token("other", ".", cut[-1][0].end, cut[-1][0].end + 1)
        yield Example(
            [token for token, _ in cut] + [stop], [role for _, role in cut] + ["X"], False
        )


def _can_stand_alone(tree: Tree, node: Node) -> bool:
    """Return whether the clause of the verb `node` could be a sentence of its own.

    'she left' in 'He says she left' could be a sentence. A clause with a subordinator, such as
    'because', could not.
    """
    marked = any(mark.pos == "SCONJ" for mark in tree.dependents(node, "mark"))
    if node.relation == "ccomp":
        return not marked
    return node.relation == "advcl" and node.finite and not marked


def cut_piece(tokens: Sequence[Token], rng: random.Random) -> list[Token]:
    """Return a piece of a sentence, cut at a conjunction, a comma or the like.

    The piece looks as if its author had put a full stop in the wrong place. Returns an empty list
    if the sentence has no place to cut.

    >>> piece = cut_piece(read("He left because he was tired.").tokens, random.Random(0))
    >>> " ".join(token.text for token in piece)
    'because he was tired .'
    """
    starts = [
        index
        for index, token in enumerate(tokens)
        if index and (token.text.lower() in _OPENING_WORDS or token.text.endswith("ing"))
    ]
    starts += [
        index + 1 for index, token in enumerate(tokens[:-2]) if token.text in (",", ";", "-")
    ]
    if not starts:
        return []
    start = rng.choice(starts)
    ends = [index for index in range(start + 3, len(tokens)) if tokens[index].text in (",", ";")]
    end = rng.choice([*ends, len(tokens), len(tokens)])
    return list(tokens[start:end])


def perturb(example: Example, rng: random.Random) -> Example:
    """Return the example as people might type it, with unchanged labels.

    Case, punctuation, articles, apostrophes, abbreviations and spelling may change.

    >>> tokens = read("He has lied.").tokens
    >>> perturbed = perturb(Example(tokens, ["S", "F", "V", "X"], True), random.Random(2))
    >>> " ".join(token.text for token in perturbed.tokens)
    'he has lied .'
    """
    roles = example.roles or [OTHER] * len(example.tokens)
    pairs = list(zip(example.tokens, roles, strict=True))
    if rng.random() < 0.5:
        while len(pairs) > 1 and pairs[-1][0].kind == "other":
            pairs.pop()
    if rng.random() < 0.25:
        pairs = [pair for pair in pairs if pair[0].kind != "other"] or pairs
    if rng.random() < 0.08:
        pairs = [pair for pair in pairs if pair[0].text.lower() not in ("a", "an", "the")] or pairs
    drop_apostrophes, text_speak = rng.random() < 0.3, rng.random() < 0.1
    typo_rate = rng.choice((0, 0, 0.05, 0.15))
    change_case = rng.choice((str, str, str.lower, str.lower, str.upper, str.title))
    tokens = []
    for token, _ in pairs:
        text = token.text
        if drop_apostrophes and token.kind == "word":
            text = text.replace("'", "")
        if text_speak and rng.random() < 0.7:
            text = _TEXT_SPEAK.get(text.lower(), text)
        if token.kind == "word" and rng.random() < typo_rate:
            text = mistype(text, rng)
        tokens.append(token._replace(text=change_case(text)))
    return Example(tokens, [role for _, role in pairs] if example.roles else None, example.full)


def mistype(word: str, rng: random.Random) -> str:
    """Return the word with one typing error, if it has four letters or more; otherwise unchanged.

    Two letters are swapped, a letter is left out or doubled, or a letter is replaced by a neighbour
    on the keyboard.
    """
    if len(word) < 4:
        return word
    index = rng.randrange(len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:index] + word[index + 1] + word[index] + word[index + 2 :]
        case 1:
            return word[:index] + word[index + 1 :]
        case 2:
            return word[:index] + word[index] + word[index:]
    keys = _NEIGHBOUR_KEYS.get(word[index].lower())
    return word[:index] + rng.choice(keys) + word[index + 1 :] if keys else word
