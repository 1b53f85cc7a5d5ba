"""Find words for groups of people in a sentence, for patterns about any group.

`marked` writes a marker such as '_f' in place of a word for a faith. `PARTS` has patterns with
these markers, such as `GROUP`, for `phrases.py`. Both are in `groups.toml`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from moderation.text.plain_words import Sentence

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
PARTS: dict[str, str] = _TABLES["parts"]
MARKERS = {
    word: f"_{letter}" for letter, words in _TABLES["words"].items() for word in words.split()
}


def marked(sentence: Sentence) -> Sentence:
    """Return the sentence with a marker in place of each word for a group of people.

    >>> from moderation.text.plain_words import sentences
    >>> marked(next(sentences("All Muslims and women."))).words
    ' all _f and _g '
    """
    if MARKERS.keys().isdisjoint(sentence.words.split()):
        return sentence
    words, places = " ", []
    ends = [*(offset for offset, _, _ in sentence.places[1:]), len(sentence.words)]
    for (offset, start, end), stop in zip(sentence.places, ends, strict=True):
        word = sentence.words[offset : stop - 1]
        places.append((len(words), start, end))
        words += " ".join(MARKERS.get(part, part) for part in word.split()) + " "
    return sentence._replace(words=words, places=places)
