"""A small transformer in onnxruntime: text to tokens, tokens to log-odds, on one thread.

Files: `model.onnx` (inputs `ids` and `mask`, outputs `pooled` and `tokens`) and `tokenizer.json`.
"""

from __future__ import annotations

import itertools
import os
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import onnxruntime
import regex
from tokenizers import Tokenizer

from moderation.scoring.store import Files
from moderation.text.disguise import Deobfuscated, Edit

WINDOW = 128  # tokens read at once, with the two that begin and end it
FIRST, LAST = 2, 1  # windows read of a text that has more: a bound on the time that it costs
BATCH = 512  # tokens at most in one batch, padding included: more do not fit a cache

Floats = npt.NDArray[np.float32]

_SPECIAL = regex.compile(
    r"(?P<link>(?i)\b(?:https?://|www\.)\S+)|(?P<mention>(?<![\w@])@\w+)"
    r"|(?P<emoji>(?![\d#*©®™])\p{Emoji})"
)
_SAID = {"link": "link", "mention": "@user"}


# 'Shital', 'Assam' and 'Cockburn' are no words of the vocabulary and would be read as a rude one
# and a rest. With another rest than these they are read as an unknown word and that rest.
_RUDE = frozenset(
    "anal arse ass cock crap cum dick fag hoe piss poo rape sex shit slut tit".split()
)
_RESTS = frozenset(
    f"##{rest}"
    for rest in """bag bags brain ed er ers es est face faced fest hat head heads hole holes hood
        ing ist ists less load lord lords ness s show stain storm suck t ted tier ting ty ual
        uck wad wi y""".split()
)


def prepared(text: str) -> Deobfuscated:
    """A text as the network reads it: links and mentions as one word, emoji by their names.

    >>> prepared("@ravi look 🐷 https://example.com/x?y=1").text
    '@user look  pig face  link'
    """
    parts: list[str] = []
    edits: list[Edit] = []
    done = length = 0
    for match in _SPECIAL.finditer(text):
        start, stop = match.span()
        said = _SAID.get(match.lastgroup or "") or f" {unicodedata.name(match[0], '').lower()} "
        parts += (text[done:start], said)
        length += start - done
        edits.append(Edit(length, length + len(said), start, stop))
        length += len(said)
        done = stop
    return Deobfuscated("".join([*parts, text[done:]]), tuple(edits))


def windows(tokens: int) -> list[slice]:
    """Where to cut a text of so many tokens: stretches of about equal length.

    Of a very long text the first and the last are read.

    >>> windows(200)
    [slice(0, 100, None), slice(100, 200, None)]
    """
    count = max(1, -(-tokens // (WINDOW - 2)))
    size = max(1, -(-tokens // count))
    found = [slice(start, start + size) for start in range(0, max(tokens, 1), size)]
    return found if len(found) <= FIRST + LAST else [*found[:FIRST], *found[-LAST:]]


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers, those of like length together, as many as `BATCH` allows.

    >>> list(batches([9, 250, 8, 275]))
    [[2, 0], [1], [3]]
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[row] * (len(batch) + 1) > BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class Encoded(NamedTuple):
    """The tokens of a text or window, without those that begin and end it, and their places."""

    ids: list[int]
    places: list[tuple[int, int]]


@dataclass
class Transformer:
    """The network and its tokenizer. Both are loaded at first use, in each process anew."""

    files: Files
    _loaded: tuple[int, Any, Any] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def bare(cls, folder: Path) -> Self:
        """The network and tokenizer of a folder that has no card yet, as in training."""
        return cls(Files(folder, {"files": dict.fromkeys(("model.onnx", "tokenizer.json"), "")}))

    def encode(self, text: str) -> list[Encoded]:
        """The windows of a prepared text."""
        # One text at a time: the tokenizer's own batches start threads, which no fork survives.
        tokenizer = self.parts()[1]
        whole = tokenizer.encode(text, add_special_tokens=False)
        ids = whole.ids
        # Twenty kilobytes of signs are as many tokens, of which three windows are looked at.
        return [
            Encoded(
                _without_rude_beginnings(ids[window], tokenizer),
                [whole.token_to_chars(at) for at in range(len(ids))[window]],
            )
            for window in windows(len(ids))
        ]

    def run(self, parts: Sequence[list[int]]) -> tuple[Floats, list[Floats]]:
        """Windows x tasks, and for each window its tokens x tasks, of which that is the mean."""
        pooled: dict[int, Floats] = {}
        tokens: dict[int, Floats] = {}
        lengths = [len(part) for part in parts]
        for rows in batches(lengths):
            mask = np.zeros((len(rows), lengths[rows[-1]] + 2), np.int32)
            for at, row in enumerate(rows):
                mask[at, : lengths[row] + 2] = 1
            means, each = self.masked([parts[row] for row in rows], mask)
            for at, row in enumerate(rows):
                pooled[row] = means[at]
                tokens[row] = each[at, 1 : lengths[row] + 1]
        rows_in_order = range(len(parts))
        return np.stack([pooled[row] for row in rows_in_order]), [tokens[r] for r in rows_in_order]

    def masked(
        self, parts: Sequence[list[int]], mask: npt.NDArray[np.int32]
    ) -> tuple[Floats, Floats]:
        """The outputs for one batch, of which only the tokens in `mask` are seen."""
        session, tokenizer = self.parts()
        begin, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        ids = np.zeros(mask.shape, np.int64)
        for row, part in enumerate(parts):
            ids[row, : len(part) + 2] = [begin, *part, end]
        pooled, tokens = session.run(["pooled", "tokens"], {"ids": ids, "mask": mask})
        return pooled, tokens

    def parts(self) -> tuple[Any, Any]:
        """The session and the tokenizer of this process."""
        loaded = self._loaded
        if loaded is None or loaded[0] != os.getpid():
            with self._lock:
                if self._loaded and self._loaded[0] == os.getpid():  # by who was here before
                    return self._loaded[1:]
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                session = onnxruntime.InferenceSession(
                    str(self.files.path("model.onnx")), options, providers=["CPUExecutionProvider"]
                )
                tokenizer = _tokenizer(self.files)
                loaded = self._loaded = (os.getpid(), session, tokenizer)
        return loaded[1], loaded[2]


_last_tokenizer: dict[tuple[int, str], Any] = {}  # by process and hash


def _tokenizer(files: Files) -> Any:
    """Load the tokenizer, or return the last one if it has the same hash.

    Loading holds the interpreter's lock, so all threads would wait.
    """
    key = os.getpid(), files.digest("tokenizer.json")
    tokenizer = _last_tokenizer.get(key) or Tokenizer.from_file(str(files.path("tokenizer.json")))
    _last_tokenizer.clear()
    _last_tokenizer[key] = tokenizer
    return tokenizer


def _without_rude_beginnings(ids: list[int], tokenizer: Any) -> list[int]:
    tokens = map(tokenizer.id_to_token, ids)
    for at, (token, rest) in enumerate(itertools.pairwise(tokens)):
        if token in _RUDE and rest.startswith("##") and rest not in _RESTS:
            ids[at] = tokenizer.token_to_id("[UNK]")
    return ids
