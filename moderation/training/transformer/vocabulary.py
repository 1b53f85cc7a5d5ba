"""A tokenizer without the words that English comments hardly use: the model becomes smaller."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def pruned(tokenizer: str, texts: Iterable[str], least: int = 15) -> tuple[str, list[int]]:
    """The tokenizer (its JSON) with fewer words, and the old ids of those kept, in new order.

    Kept are single characters and what occurs at least `least` times in `texts`. A word left out
    is read in pieces.
    """
    settings = json.loads(tokenizer)
    settings["truncation"] = settings["padding"] = None
    whole = Tokenizer.from_str(json.dumps(settings))
    counts: Counter[int] = Counter()
    for encoded in whole.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoded.ids)
    old: dict[str, int] = settings["model"]["vocab"]
    kept = [
        token
        for token, number in sorted(old.items(), key=lambda entry: entry[1])
        if token in SPECIAL or counts[number] >= least or _character(token)
    ]
    new = {token: number for number, token in enumerate(kept)}
    settings["model"]["vocab"] = new
    settings["added_tokens"] = [
        {**entry, "id": new[entry["content"]]}
        for entry in settings["added_tokens"]
        if entry["content"] in new
    ]
    for entry in settings["post_processor"]["special_tokens"].values():
        entry["ids"] = [new[token] for token in entry["tokens"]]
    return json.dumps(settings, ensure_ascii=False), [old[token] for token in kept]


def _character(token: str) -> bool:
    """Whether it is one Latin letter, digit or sign, alone or within a word."""
    return len(token.removeprefix("##")) == 1 and ord(token[-1]) < 0x250
