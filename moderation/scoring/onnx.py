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

WINDOW = 128  # tokens in one window, including [CLS] and [SEP]
# A longer text is not read in full: this bounds its time. The shipped policy's longest comment, 600
# words, fits if a word has three tokens; English words have 1.3.
MOST_WINDOWS = 16
BATCH = 512  # most tokens in a batch, including padding: more do not fit the processor's cache

Floats = npt.NDArray[np.float32]

_SPECIAL = regex.compile(
    r"(?P<link>(?i)\b(?:https?://|www\.)\S+)|(?P<mention>(?<![\w@])@\w+)"
    r"|(?P<emoji>(?![\d#*©®™])\p{Emoji})"
)
_REPLACEMENTS = {"link": "link", "mention": "@user"}


# 'Shital', 'Assam' and 'Cockburn' are not in the vocabulary, so the tokenizer splits them into a
# rude word and a suffix. Unless the suffix is one of these, the rude word becomes [UNK].
_RUDE = frozenset(
    "anal arse ass cock crap cum dick fag hoe piss poo rape sex shit slut tit".split()
)
_SUFFIXES = frozenset(
    f"##{suffix}"
    for suffix in """bag bags brain ed er ers es est face faced fest hat head heads hole holes hood
        ing ist ists less load lord lords ness s show stain storm suck t ted tier ting ty ual
        uck wad wi y""".split()
)


def prepare(text: str) -> Deobfuscated:
    """Return a text for the network: a word for each link or mention, and names for emoji.

    >>> prepare("@ravi look 🐷 https://example.com/x?y=1").text
    '@user look  pig face  link'
    """
    parts: list[str] = []
    edits: list[Edit] = []
    done = length = 0
    for match in _SPECIAL.finditer(text):
        start, stop = match.span()
        words = _REPLACEMENTS.get(match.lastgroup or "") or _emoji_name(match[0])
        parts += (text[done:start], words)
        length += start - done
        edits.append(Edit(length, length + len(words), start, stop))
        length += len(words)
        done = stop
    return Deobfuscated("".join([*parts, text[done:]]), tuple(edits))


def _emoji_name(emoji: str) -> str:
    return f" {unicodedata.name(emoji, '').lower()} "


def windows(tokens: int) -> list[slice]:
    """Return the slices that cut `tokens` tokens into windows, parts of about equal length.

    If there are more than `MOST_WINDOWS`, only the first ones and the last one are kept.

    >>> windows(200)
    [slice(0, 100, None), slice(100, 200, None)]
    """
    count = max(1, -(-tokens // (WINDOW - 2)))
    size = max(1, -(-tokens // count))
    cuts = [slice(start, start + size) for start in range(0, max(tokens, 1), size)]
    return cuts if len(cuts) <= MOST_WINDOWS else [*cuts[: MOST_WINDOWS - 1], cuts[-1]]


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield batches of row numbers, sorted by length. `BATCH` limits the rows of a batch.

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
    """The tokens of a window, a part of a long text, and their places in the text.

    The text is the one that `prepare` returns. The tokens [CLS] and [SEP] are left out. `start` is
    the index of the window's first token among all tokens of the text.
    """

    ids: list[int]
    places: list[tuple[int, int]]
    start: int


@dataclass
class Transformer:
    """The network and its tokenizer. Each process loads both at first use, from verified bytes."""

    files: Files
    _loaded: tuple[int, Any, Any] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def without_card(cls, folder: Path) -> Self:
        """Return the network and tokenizer in a folder without a card, as training needs."""
        return cls(Files.without_card(folder, "model.onnx", "tokenizer.json"))

    def encode(self, text: str) -> list[Encoded]:
        """Split a text that `prepare` has returned into windows of tokens."""
        # One text at a time: the tokenizer's batches start threads, which do not survive a fork.
        tokenizer = self.parts()[1]
        encoding = tokenizer.encode(text, add_special_tokens=False)
        ids, places = encoding.ids, encoding.offsets
        return [
            Encoded(_mask_rude_prefixes(ids[window], tokenizer), places[window], window.start)
            for window in windows(len(ids))
        ]

    def run(self, parts: Sequence[list[int]]) -> tuple[Floats, list[Floats]]:
        """Return the network's outputs for `parts`, the token numbers of some windows.

        The first value has each window's mean outputs (windows x tasks). The second has, for each
        window, the outputs of its tokens (tokens x tasks).
        """
        pooled: dict[int, Floats] = {}
        tokens: dict[int, Floats] = {}
        lengths = [len(part) for part in parts]
        for rows in batches(lengths):
            mask = np.zeros((len(rows), lengths[rows[-1]] + 2), np.int32)
            for at, row in enumerate(rows):
                mask[at, : lengths[row] + 2] = 1
            means, by_token = self.masked([parts[row] for row in rows], mask)
            for at, row in enumerate(rows):
                pooled[row] = means[at]
                tokens[row] = by_token[at, 1 : lengths[row] + 1]
        order = range(len(parts))
        return np.stack([pooled[row] for row in order]), [tokens[row] for row in order]

    def masked(
        self, parts: Sequence[list[int]], mask: npt.NDArray[np.int32]
    ) -> tuple[Floats, Floats]:
        """Return the outputs for one batch of windows. Tokens are hidden where `mask` is 0."""
        session, tokenizer = self.parts()
        begin, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        ids = np.zeros(mask.shape, np.int64)
        for row, part in enumerate(parts):
            ids[row, : len(part) + 2] = [begin, *part, end]
        pooled, tokens = session.run(["pooled", "tokens"], {"ids": ids, "mask": mask})
        return pooled, tokens

    def parts(self) -> tuple[Any, Any]:
        """Return this process's onnxruntime session and tokenizer."""
        loaded = self._loaded
        if loaded is None or loaded[0] != os.getpid():
            with self._lock:
                if self._loaded and self._loaded[0] == os.getpid():  # by another thread
                    return self._loaded[1:]
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                session = onnxruntime.InferenceSession(
                    self.files.read("model.onnx"), options, providers=["CPUExecutionProvider"]
                )
                tokenizer = _tokenizer(self.files)
                loaded = self._loaded = (os.getpid(), session, tokenizer)
        return loaded[1], loaded[2]


_last_tokenizer: dict[tuple[int, str], Any] = {}  # by process and hash


def _tokenizer(files: Files) -> Any:
    """Load the tokenizer, or return the one loaded last if its file has the same hash.

    Loading holds the interpreter's lock, so all threads would wait.
    """
    key = os.getpid(), files.digest("tokenizer.json")
    tokenizer = _last_tokenizer.get(key) or Tokenizer.from_buffer(files.read("tokenizer.json"))
    _last_tokenizer.clear()
    _last_tokenizer[key] = tokenizer
    return tokenizer


def _mask_rude_prefixes(ids: list[int], tokenizer: Any) -> list[int]:
    tokens = map(tokenizer.id_to_token, ids)
    for at, (token, suffix) in enumerate(itertools.pairwise(tokens)):
        if token in _RUDE and suffix.startswith("##") and suffix not in _SUFFIXES:
            ids[at] = tokenizer.token_to_id("[UNK]")
    return ids
