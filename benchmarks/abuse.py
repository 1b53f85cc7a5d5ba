"""Abuse: our readers beside what people use, the same texts in the same run, on one thread.

    pip install -e .[bench]
    python -m benchmarks.abuse --data DIR [--output benchmarks/results/abuse.md]

Quality is the area under the ROC curve of each one's toxicity on comments that none of ours
learned from. Speed is taken on comments of about 110 characters, singly and in batches of 256,
in processor time (whatever else the machine does), from the raw text on. detoxify's architecture
(BERT base, as torch layers) runs with random weights: its speed is what is asked. A peer that is
not installed is left out with a line that says so.
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


def ours(name: str) -> Peer:
    """One of our readers, from the raw text to the toxicity."""
    version = store.champions(store.SHIPPED)[name]
    reader = models.load(store.SHIPPED / name / version)
    return lambda texts: reader.score([read(text) for text in texts])["toxicity"].tolist()


def alt_profanity_check() -> Peer:
    """alt-profanity-check: a linear SVM on words of 200,000 comments."""
    from profanity_check import predict_prob

    return lambda texts: predict_prob(list(texts)).tolist()


def detoxify() -> Peer:
    """BERT base with a head of six, random weights; no tokenizer is counted (4.5 letters each)."""
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
            found: list[float] = network(torch.ones(len(texts), length, dtype=torch.long))[
                :, 0, 0
            ].tolist()
        return found

    return score


PEERS: tuple[tuple[str, str, bool, Callable[[], Peer]], ...] = (
    ("fast reader", "house-rules", True, lambda: ours("abuse")),
    ("careful reader", "house-rules", True, lambda: ours("careful")),
    ("alt-profanity-check", "alt-profanity-check", True, alt_profanity_check),
    ("detoxify's architecture", "torch", False, detoxify),
)


def sets(data: Path, most: int) -> dict[str, tuple[list[str], list[bool]]]:
    """Texts and answers by name: test rows of the sets that trained, others from the start."""
    found: dict[str, tuple[list[str], list[bool]]] = {name: ([], []) for name, _ in SETS}
    for use in ("train", "validate"):
        for row in catalogue.rows(data, "train" if use == "train" else "validate"):
            if use == "train" and (
                row.part != "test" or (row.source == "jigsaw" and not row.natural)
            ):
                continue
            for name, label in SETS:
                value = row.labels.get(label, 0.7)
                clear = value >= 0.99 or value < 0.5
                if label in row.labels and clear and len(found[name][0]) < most:
                    found[name][0].append(row.text)
                    found[name][1].append(value >= 0.99)
    return found


def speed(score: Peer, texts: Sequence[str], singly: int) -> tuple[float, float]:
    """Milliseconds per comment singly (median), and comments per second, of processor time."""
    score(texts[:2])
    took = []
    for text in texts[:singly]:
        began = time.process_time()
        score([text])
        took.append((time.process_time() - began) * 1000)
    began = time.process_time()
    for start in range(0, len(texts), BATCH):
        score(texts[start : start + BATCH])
    return float(np.median(took)), len(texts) / (time.process_time() - began)


def table(data: Path, most: int) -> Iterator[str]:
    """The table, row by row."""
    parts = sets(data, most)
    heads = [f"{name} ({len(said):,})" for name, (_, said) in parts.items()]
    yield "| | " + " | ".join(heads) + " | ms singly | per second in batch |"
    yield "|---|" + "--:|" * (len(heads) + 2)
    usual = [text for texts, _ in parts.values() for text in texts if 90 <= len(text) <= 130]
    missing = []
    for name, package, judges, load in PEERS:
        try:
            score = load()
        except ImportError as error:
            missing.append(f"{name}: {error.name} is not installed (pip install -e .[bench])")
            continue
        except KeyError:
            missing.append(f"{name}: no such model is in use")
            continue
        cells = [_area(score, *part) if judges else "" for part in parts.values()]
        alone, batch = speed(score, usual[: 4_000 if judges else 256], 500 if judges else 30)
        label = f"{name} {importlib.metadata.version(package)}"
        yield f"| {label} | " + " | ".join(cells) + f" | {alone:.3f} | {batch:,.0f} |"
    yield from (f"\nLeft out: {one}." for one in missing)


def _area(score: Peer, texts: list[str], said: list[bool]) -> str:
    scores = [each for at in range(0, len(texts), BATCH) for each in score(texts[at : at + BATCH])]
    return f"{roc_auc_score(said, scores):.3f}"


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description="Abuse: we beside the peers.")
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
        head += f"{machine}\n\nalt-profanity-check learned from the set of the first column, these "
        head += "comments among them.\n\n"
        options.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
