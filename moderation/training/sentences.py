"""Train the sentences model: a tagger of roles, and a judge of full sentences on top of it.

The tagger (CRFsuite) learns from the trees of UD English-EWT, disturbed as in
`training/fragments.py`; the judge (scikit-learn) learns from roles that a tagger gave to
sentences it had not seen, from our own `data/sentences.csv`, and from sentences of readers'
comments, and parts of them, that a larger reader labelled (`training/teacher.py`). The split is
by text: the judge is calibrated on the validation part, figures are taken once on the test part
and on the treebank's development file.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import random
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pycrfsuite
from joblib import Parallel, delayed
from scipy import sparse
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from moderation.models import Probabilities
from moderation.readers.sentences import (
    BITS,
    HEAD,
    SCALE,
    SentenceReader,
    Tagged,
    evidence,
)
from moderation.tagging import Observer, Tagger, kin
from moderation.text import read
from moderation.training import cards, corpora, fitting, splits
from moderation.training.classes import classes
from moderation.training.fragments import Example, disturbed, example, fragments, piece
from moderation.training.treebank import Tree, trees

if TYPE_CHECKING:  # it needs torch, and half of a minute to come
    from moderation.training.teacher import Teacher

OWN = Path(__file__).parents[2] / "data" / "sentences.csv"
TRAIN, DEV = "sentences/en_ewt-train.conllu.gz", "sentences/en_ewt-dev.conllu.gz"
FOLDS = 2
_CRF = {"c1": 0.4, "c2": 0.02, "max_iterations": 60, "feature.minfreq": 2}
_EVERY, _FEW = 4, 1_000  # each fourth comment is enough to learn classes of words from
_STRENGTH = 0.3  # of the judge (scikit-learn's C)
_OWN_WEIGHT = 2.0  # of our own examples, which are few
EPOCHS = 3  # of the teacher: half an hour of one core; 0: there is none
_TAUGHT = 60_000  # sentences of comments that it labels
_TAUGHT_WEIGHT = 0.5  # of such a sentence
_LONGEST = 40  # tokens of such a sentence
_SURE = 0.02  # a chance as near to 0 or 1 as this is taken for that

log = logging.getLogger(__name__)


def own(path: Path = OWN) -> Iterator[tuple[str, Example]]:
    """Our own sentences and fragments: the part ('train' or 'test') and the example."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield (
                row["part"],
                Example(read(row["text"]).tokens, None, row["full"] == "1"),
            )


def _group(tree: Tree, draw: random.Random) -> list[Example]:
    """A sentence, the same disturbed, and fragments cut out of it."""
    whole = example(tree)
    if whole is None:
        return []
    cut = [
        disturbed(part, draw) if draw.random() < 0.6 else part
        for part in fragments(tree, whole, draw)
    ]
    return [whole, disturbed(whole, draw), *cut]


def fit_field(examples: Sequence[Example], lines: Sequence[str]) -> bytes:
    """CRFsuite's model of the roles; `lines` are the classes of words."""
    observer = Observer(kin(lines))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tagger.crfsuite")
        trainer = pycrfsuite.Trainer("lbfgs", _CRF, verbose=False)
        for tokens, roles, _ in examples:
            if roles:
                trainer.append(observer.observe(tokens), roles)
        trainer.train(str(path))
        return path.read_bytes()


def _tagger(field: bytes, lines: Sequence[str]) -> Tagger:
    """A tagger that reads `field` in memory; pycrfsuite wants the caller to keep it alive."""
    opened = pycrfsuite.Tagger()
    opened.open_inmemory(field)
    return Tagger(opened, Observer(kin(lines)))


def _tagged(tagger: Tagger, examples: Sequence[Example]) -> list[Tagged]:
    return [Tagged(one.tokens, tagger.roles(one.tokens)) for one in examples]


def _features(sentences: Sequence[Tagged]) -> sparse.csr_matrix:
    """One row of the judge's features per sentence: counts, by the root of their number."""
    buckets, rows = evidence(sentences)
    shape = len(sentences), 1 << BITS
    found = sparse.csr_matrix((np.ones(len(rows)), (rows, buckets)), shape)
    lengths = np.bincount(rows, minlength=len(sentences))
    return sparse.diags(SCALE / np.sqrt(lengths)) @ found


class Lessons(NamedTuple):
    """Sentences of comments, and the chance that each is full, as the teacher says."""

    examples: list[Example]
    chances: list[float]


def _unlabelled(texts: Iterable[str], count: int, draw: random.Random) -> list[Example]:
    """One sentence of each text, or a part of it, until there are enough."""
    found: list[Example] = []
    for raw in texts:
        text = read(raw[: _LONGEST * 20])
        if not text.sentences:
            continue
        sentence = draw.choice(text.sentences)
        tokens = [one for one in text.tokens if sentence.start <= one.start < sentence.end]
        if draw.random() < 0.4:
            tokens = piece(tokens, draw) or tokens
        if len(tokens) <= _LONGEST and any(token.kind == "word" for token in tokens):
            found.append(Example(tokens, None, False))
        if len(found) == count:
            break
    return found


def _taught(teacher: Teacher, texts: Sequence[str], draw: random.Random) -> Lessons:
    """What the teacher says of sentences drawn from `texts`; half of them disturbed thereafter."""
    plain = _unlabelled(draw.sample(texts, len(texts)), _TAUGHT, draw)
    chances = list(teacher.say(plain))
    changed = [disturbed(one, draw) if draw.random() < 0.5 else one for one in plain]
    return Lessons(changed, chances)


def _school(groups: Sequence[Sequence[Example]], epochs: int, seed: int) -> Teacher:
    """A teacher that has learned from the trees of `groups` and our own sentences."""
    from moderation.training.teacher import Teacher

    draw = random.Random(seed)  # noqa: S311 - not for secrets
    ours = [one for part, one in own() if part == "train"]

    def epoch() -> list[Example]:
        wholes = [group[0] for group in groups]
        cut = [part for group in groups for part in group[2:]]
        drawn = wholes + cut + ours + ours
        return [disturbed(one, draw) if draw.random() < 0.5 else one for one in drawn]

    roles = {role for group in groups for role in group[0].roles or ()}
    teacher = Teacher(sorted(roles), seed)
    teacher.learn(epoch, epochs, draw)
    return teacher


def _fold(number: int, groups: Sequence[list[Example]], lines: Sequence[str]) -> list[Tagged]:
    """The sentences of one fold, tagged by what was learned from the others."""
    others = [one for at, group in enumerate(groups) if at % FOLDS != number for one in group]
    field = fit_field(others, lines)
    return _tagged(_tagger(field, lines), _of_fold(number, groups))


def _of_fold(number: int, groups: Sequence[list[Example]]) -> list[Example]:
    return [one for at, group in enumerate(groups) if at % FOLDS == number for one in group]


def fit_judge(
    features: sparse.csr_matrix, chances: Probabilities, weights: Probabilities
) -> npt.NDArray[np.int8]:
    """The judge's weights, in steps that the calibration takes account of.

    A chance between 0 and 1 counts for both sides.
    """
    sure = np.where(chances < _SURE, 0.0, np.where(chances > 1 - _SURE, 1.0, chances))
    both = (sure > 0) & (sure < 1)
    model = LogisticRegression(C=_STRENGTH, max_iter=500)
    model.fit(
        sparse.vstack([features, features[both]], format="csr"),
        np.concatenate([sure > 0, np.zeros(int(both.sum()), bool)]),
        np.concatenate([weights * np.where(both, sure, 1.0), (weights * (1 - sure))[both]]),
    )
    return fitting.quantised(model.coef_.T)[0][:, 0]


def _logits(reader: SentenceReader, examples: Sequence[Example]) -> Probabilities:
    return reader.logits(_tagged(reader.tagger, examples))


def _figure(reader: SentenceReader, examples: Sequence[Example]) -> dict[str, Any]:
    """The share judged right at one half, with Wilson's 95 % interval."""
    said = np.interp(_logits(reader, examples), *reader.knots) >= 0.5
    right = int((said == np.array([one.full for one in examples])).sum())
    low, high = binomtest(right, len(examples)).proportion_ci(method="wilson")
    interval = [round(float(low), 4), round(float(high), 4)]
    return {
        "value": round(right / len(examples), 4),
        "interval": interval,
        "rows": len(examples),
    }


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    jobs: int = 2,
    texts: Iterable[str] | None = None,
    epochs: int = EPOCHS,
) -> Path:
    """Train on `data`/sentences, write `out`/sentences/<version>/ and return it.

    The classes of words come from `texts`, by default from all comments that may train, and so do
    the sentences that the teacher labels after it has learned for `epochs`; 0: there is none.
    Raises `FileNotFoundError` where the treebank is not there.
    """
    began = time.perf_counter()
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    parts: dict[splits.Part, list[list[Example]]] = {
        "train": [],
        "validation": [],
        "test": [],
    }
    for tree in trees(data / TRAIN):
        if group := _group(tree, draw):
            parts[splits.part(tree.text)].append(group)
    texts = list(texts) if texts else [row.text for row in corpora.rows(data, "train")]
    lines = classes(islice(texts, 0, None, _EVERY if len(texts) > _FEW else 1), seed=seed)
    log.info("%d classes of words", len(lines))
    groups = parts["train"]
    field, folds = _fields(groups, lines, jobs)
    lessons = Lessons([], [])
    if epochs:
        lessons = _taught(_school(groups, epochs, seed), texts, draw)
    tagger = _tagger(field, lines)
    judge = _judge(tagger, groups, folds, lessons, draw)
    held = [one for group in parts["validation"] for one in group[:2]]
    plain = SentenceReader(tagger, judge, np.zeros((2, 1)))
    reader = replace(plain, knots=_calibration(_logits(plain, held), held))
    measured = {
        "UD English-EWT, held-out tenth of train": [group[0] for group in parts["test"]],
        "the same, disturbed": [group[1] for group in parts["test"]],
        "own sentences, held-out part": [one for part, one in own() if part == "test"],
        "UD English-EWT, dev": [one for tree in trees(data / DEV) if (one := example(tree))],
    }
    figures = {name: _figure(reader, examples) for name, examples in measured.items()}
    files = {"tagger.crfsuite": field, "classes.txt": "\n".join(lines).encode()}
    sources = _sources(data, len(lessons.examples))
    return _save(out, reader, files, figures, sources, seed, time.perf_counter() - began)


def _fields(
    groups: Sequence[list[Example]], lines: Sequence[str], jobs: int
) -> tuple[bytes, list[Tagged]]:
    """The field, and the treebank's sentences as fields say that have not seen them."""
    everything = [one for group in groups for one in group]
    *folds, field = Parallel(n_jobs=jobs)(
        [
            *(delayed(_fold)(number, groups, lines) for number in range(FOLDS)),
            delayed(fit_field)(everything, lines),
        ]
    )
    return field, [one for fold in folds for one in fold]


def _judge(
    tagger: Tagger,
    groups: Sequence[list[Example]],
    folds: Sequence[Tagged],
    lessons: Lessons,
    draw: random.Random,
) -> npt.NDArray[np.int8]:
    """The judge's weights, from the treebank, the lessons and our own sentences."""
    known = [one for number in range(FOLDS) for one in _of_fold(number, groups)]
    ours = [one for part, one in own() if part == "train"]
    ours += [disturbed(one, draw) for one in ours]
    tagged = [*folds, *_tagged(tagger, [*lessons.examples, *ours])]
    chances = [*(one.full for one in known), *lessons.chances, *(one.full for one in ours)]
    counts = len(known), len(lessons.examples), len(ours)
    weights = np.repeat([1.0, _TAUGHT_WEIGHT, _OWN_WEIGHT], counts)
    return fit_judge(_features(tagged), np.array(chances, np.float64), weights)


def _calibration(logits: Probabilities, held: Sequence[Example]) -> npt.NDArray[np.float64]:
    full = np.array([float(one.full) for one in held])
    return fitting.calibration(logits, full, float(full.mean())).astype(np.float64)


def _sources(data: Path, taught: int) -> list[dict[str, Any]]:
    """What the model learned from, for its card."""
    comments = {
        "name": 'comments of data/sources.toml with use = "train", without their labels',
        "rows": taught,
        "licence": "as there",
        "citation": "as there",
        "note": "Sentences that a teacher labelled: all-MiniLM-L6-v2 (Apache-2.0), fine-tuned on "
        "the two sets above; it is not part of the model.",
    }
    found = [
        {
            "name": "UD English-EWT (train)",
            "rows": sum(1 for _ in trees(data / TRAIN)),
            "licence": "CC BY-SA 4.0",
            "citation": "Silveira et al. 2014, A Gold Standard Dependency Corpus for English",
            "sha256": _sha256(data / TRAIN),
        },
        {
            "name": "own sentences (data/sentences.csv, part train)",
            "rows": sum(part == "train" for part, _ in own()),
            "licence": "Apache-2.0",
            "citation": "this project",
            "sha256": _sha256(OWN),
        },
    ]
    return [*found, comments] if taught else found


def _save(
    out: Path,
    reader: SentenceReader,
    files: dict[str, bytes],
    figures: dict[str, Any],
    sources: list[dict[str, Any]],
    seed: int,
    seconds: float,
) -> Path:
    arrays: dict[str, npt.NDArray[Any]] = {
        "weights": reader.weights,
        "knots": reader.knots,
    }
    card = cards.card(
        name="sentences",
        kind="sentences",
        purpose="Judges whether each sentence of a comment is full: subject and finite verb, or "
        "an imperative.",
        heads=[HEAD],
        data=sources,
        figures=figures,
        seed=seed,
        seconds=seconds,
        libraries=(*cards.LIBRARIES, "python-crfsuite"),
        limits="English only. Trained on web text of the United States; sentences with many "
        "romanised Hindi words, verse and lists are judged less surely.",
        classes="Word classes were counted on the comments of data/sources.toml with use = "
        '"train", without their labels.',
    )
    return cards.challenger(out / "sentences", card, arrays, files)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
