"""Prune the vocabulary of a tokenizer to the tokens of English comments.

A smaller vocabulary makes the model smaller.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def prune(tokenizer: str, texts: Iterable[str], min_count: int = 15) -> tuple[str, list[int]]:
    """Remove rare tokens from a tokenizer, which is given as JSON.

    Special tokens, single characters and tokens that occur at least `min_count` times in `texts`
    are kept. The tokenizer splits words that are no longer tokens into smaller tokens.

    Return the new tokenizer as JSON, and the old ids of the tokens that were kept, in the order of
    their new ids.
    """
    settings = json.loads(tokenizer)
    settings["truncation"] = settings["padding"] = None
    full = Tokenizer.from_str(json.dumps(settings))
    counts: Counter[int] = Counter()
    for encoding in full.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    old: dict[str, int] = settings["model"]["vocab"]
    tokens = [
        token
        for token, number in sorted(old.items(), key=lambda entry: entry[1])
        if token in SPECIAL or counts[number] >= min_count or _is_character(token)
    ]
    new = {token: number for number, token in enumerate(tokens)}
    settings["model"]["vocab"] = new
    settings["added_tokens"] = [
        {**entry, "id": new[entry["content"]]}
        for entry in settings["added_tokens"]
        if entry["content"] in new
    ]
    for entry in settings["post_processor"]["special_tokens"].values():
        entry["ids"] = [new[token] for token in entry["tokens"]]
    return json.dumps(settings, ensure_ascii=False), [old[token] for token in tokens]


def _is_character(token: str) -> bool:
    """Return whether the token is one Latin letter, digit or sign, with or without the '##' mark.

    '##' marks the tokens that continue a word.
    """
    return len(token.removeprefix("##")) == 1 and ord(token[-1]) < 0x250
