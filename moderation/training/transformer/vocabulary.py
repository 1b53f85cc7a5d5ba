"""Vocabulary pruning: a smaller tokenizer, and so a smaller model, for English comments."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def prune(tokenizer: str, texts: Iterable[str], min_count: int = 15) -> tuple[str, list[int]]:
    """Remove rare tokens from a tokenizer, given as JSON.

    Special tokens, single characters and tokens with at least `min_count` occurrences in `texts`
    are kept. The tokenizer splits a removed word into smaller tokens.

    Return the new tokenizer as JSON, and the old ids of the kept tokens in their new order.
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
    """Return whether the token is one Latin letter, digit or sign, alone or within a word."""
    return len(token.removeprefix("##")) == 1 and ord(token[-1]) < 0x250
