"""Compare the models for abuse with other libraries, in the same run on one thread.

    pip install -e .[bench]
    python -m benchmarks.abuse --data DIR [--output benchmarks/results/abuse.md]

Quality is the ROC AUC of each library's toxicity on comments that no model of this project was
trained on. Speed is measured on comments of about 110 characters, one by one and in batches of
256, from the raw text on. It is processor time, so other programs on the machine matter little.
detoxify's architecture (BERT base, as torch layers) runs with random weights, because only its
speed is measured. A library that is not installed is left out, with a line that says so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.metrics import roc_auc_score

from moderation.scoring import models, store
from moderation.text.reading import read
from moderation.training.corpora import catalogue

Peer = Callable[[Sequence[str]], Sequence[float]]

SETS = (
    ("Wikipedia, natural", "jigsaw.toxic"),
    ("news sites, clearly toxic", "civil.toxic"),
    ("newspaper, hostile", "ucc.hostile"),
    ("insults", "insults.insult"),
    ("Indian English", "trac.overt_or_not"),
)
BATCH = 256


def house_rules(name: str) -> Peer:
    """Return one of this project's models, from the raw text to the toxicity."""
    version = store.champions(store.SHIPPED)[name]
    scorer = models.load(store.SHIPPED / name / version)
    return lambda texts: scorer.score([read(text) for text in texts])["toxicity"].tolist()


def alt_profanity_check() -> Peer:
    """Return alt-profanity-check: a linear SVM on words, trained on 200,000 comments."""
    from profanity_check import predict_prob

    return lambda texts: predict_prob(list(texts)).tolist()


def detoxify() -> Peer:
    """Return BERT base with six outputs and random weights.

    Tokenising is not measured: a token is taken to be 4.5 characters.
    """
    import torch
    from torch import nn

    torch.set_num_threads(1)
    layer = nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True)
    network = nn.Sequential(
        nn.Embedding(30_522, 768), nn.TransformerEncoder(layer, 12), nn.Linear(768, 6)
    ).eval()

    def score(texts: Sequence[str]) -> Sequence[float]:
        length = max(min(int(max(map(len, texts)) / 4.5) + 2, 512), 3)
        with torch.inference_mode():
            outputs = network(torch.ones(len(texts), length, dtype=torch.long))
        scores: list[float] = outputs[:, 0, 0].tolist()
        return scores

    return score


PEERS: tuple[tuple[str, str, bool, Callable[[], Peer]], ...] = (
    ("fast reader", "house-rules", True, lambda: house_rules("abuse")),
    ("careful reader", "house-rules", True, lambda: house_rules("careful")),
    ("alt-profanity-check", "alt-profanity-check", True, alt_profanity_check),
    ("detoxify's architecture", "torch", False, detoxify),
)


def sets(data: Path, most: int) -> dict[str, tuple[list[str], list[bool]]]:
    """Return texts and labels by name: test rows of the training sets, and all other rows."""
    parts: dict[str, tuple[list[str], list[bool]]] = {name: ([], []) for name, _ in SETS}
    for use in ("train", "validate"):
        for row in catalogue.rows(data, "train" if use == "train" else "validate"):
            if use == "train" and (
                row.part != "test" or (row.source == "jigsaw" and not row.natural)
            ):
                continue
            for name, label in SETS:
                value = row.labels.get(label, 0.7)
                clear = value >= 0.99 or value < 0.5
                if label in row.labels and clear and len(parts[name][0]) < most:
                    parts[name][0].append(row.text)
                    parts[name][1].append(value >= 0.99)
    return parts


def speed(score: Peer, texts: Sequence[str], singly: int) -> tuple[float, float]:
    """Return the median milliseconds per single comment, and comments per second in batches."""
    score(texts[:2])
    times = []
    for text in texts[:singly]:
        start = time.process_time()
        score([text])
        times.append((time.process_time() - start) * 1000)
    batch_start = time.process_time()
    for start in range(0, len(texts), BATCH):
        score(texts[start : start + BATCH])
    return float(np.median(times)), len(texts) / (time.process_time() - batch_start)


def table(data: Path, most: int) -> Iterator[str]:
    """Yield the table row by row."""
    parts = sets(data, most)
    headings = [f"{name} ({len(labels):,})" for name, (_, labels) in parts.items()]
    yield "| | " + " | ".join(headings) + " | ms singly | per second in batch |"
    yield "|---|" + "--:|" * (len(headings) + 2)
    typical = [text for texts, _ in parts.values() for text in texts if 90 <= len(text) <= 130]
    missing = []
    for name, package, measured, load in PEERS:
        try:
            score = load()
        except ImportError as error:
            missing.append(f"{name}: {error.name} is not installed (pip install -e .[bench])")
            continue
        except KeyError:
            missing.append(f"{name}: no such model is in use")
            continue
        cells = [_roc_auc(score, *part) if measured else "" for part in parts.values()]
        single, batch = speed(score, typical[: 4_000 if measured else 256], 500 if measured else 30)
        label = f"{name} {importlib.metadata.version(package)}"
        yield f"| {label} | " + " | ".join(cells) + f" | {single:.3f} | {batch:,.0f} |"
    yield from (f"\nLeft out: {reason}." for reason in missing)


def _roc_auc(score: Peer, texts: list[str], y_true: list[bool]) -> str:
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    scores = [value for batch in batches for value in score(batch)]
    return f"{roc_auc_score(y_true, scores):.3f}"


def main() -> None:
    """Measure, print, and write the file if one is named."""
    parser = argparse.ArgumentParser(description="Compare scores for abuse with peers.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    parser.add_argument("--most", type=int, default=2000, help="texts of each set")
    options = parser.parse_args()
    lines = []
    for line in table(options.data, options.most):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        machine = f"Python {platform.python_version()}, {platform.machine()}, one thread."
        head = "# Abuse\n\nArea under the ROC curve by set (number of comments), and speed on "
        head += "comments of 90 to 130 characters, from the raw text on, in processor time. "
        head += f"{machine}\n\nalt-profanity-check was trained on the set of the first column, "
        head += "including these comments.\n\n"
        options.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
