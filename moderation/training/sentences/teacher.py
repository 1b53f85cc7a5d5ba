"""A large reader that teaches the small ones: what each word does, and whether a sentence is full.

The treebank has 12,544 sentences of edited and web text; readers' comments look otherwise. A small
transformer (all-MiniLM-L6-v2), fine-tuned on the treebank, errs less than the field and the judge
that ship, and labels as many comments as wanted for the judge to learn from (distillation, after
Hinton et al. 2015). It takes milliseconds a sentence and is not shipped.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from moderation.text.reading import Token
from moderation.training.sentences.fragments import Example
from moderation.training.sentences.treebank import OTHER
from moderation.training.transformer.finetune import published
from moderation.training.transformer.network import WIDTH, Network, start

_RATE, _RATE_OUTPUTS = 2e-4, 1e-3
_BATCH, _POOL = 32, 30  # rows; batches sorted by length together
_LONGEST, _PIECES = 120, 6  # pieces of a sentence, and of one word
_WARM_UP, _ROLES_WEIGHT, _DROPPED = 0.03, 0.5, 0.1
_REPORT = 100  # batches
_SAID = {"link": "link", "email": "link", "mention": "name", "emoji": "*"}
_UNSAID = -100  # torch's mark for a place that has no target

log = logging.getLogger(__name__)
Draw = Callable[[], list[Example]]


class _Outputs(nn.Module):
    """The encoder with two outputs: the roles of all pieces, and the sentence's log-odds."""

    def __init__(self, vocabulary: int, roles: int) -> None:
        super().__init__()
        self.net = Network(vocabulary, 1)
        self.roles = nn.Linear(WIDTH, roles)
        self.full = nn.Linear(2 * WIDTH, 1)
        self.drop = nn.Dropout(_DROPPED)
        nn.init.zeros_(self.full.bias)
        nn.init.normal_(self.full.weight, std=0.02)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """`ids` and `mask` are rows x length; roles are rows x length x roles, then rows."""
        states = self.net.embedded(self.net.words(ids) + self.net.places[: ids.shape[1]])
        states = self.drop(states)
        bias = ((1.0 - mask) * -10_000.0)[:, None, None, :]
        for layer in self.net.layers:
            states = layer(states, bias)
        states, weights = self.drop(states), mask[:, :, None]
        pooled = (states * weights).sum(1) / weights.sum(1)
        return self.roles(states), self.full(torch.cat([states[:, 0], pooled], 1))[:, 0]


class Teacher:
    """The network, its tokenizer and the roles that it knows."""

    def __init__(self, roles: Sequence[str], seed: int) -> None:
        torch.manual_seed(seed)
        weights, tokenizer = published()
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        numbers = self._tokenizer.get_vocab()
        self._ends = [numbers[name] for name in ("[CLS]", "[SEP]", "[UNK]")]
        self._known: dict[str, list[int]] = {}
        self.roles = sorted(roles)
        size = self._tokenizer.get_vocab_size()
        self.network = _Outputs(size, len(self.roles))
        start(self.network.net, load(weights), list(range(size)))
        self.network.net.words.weight.requires_grad_(False)  # few sentences, many words

    def learn(self, draw: Draw, epochs: int, rng: random.Random) -> None:
        """Fine-tune for so many epochs; `draw` gives the examples of one."""
        named = [pair for pair in self.network.named_parameters() if pair[1].requires_grad]
        groups = [
            {"params": [value for name, value in named if name.startswith("net.")]},
            {"params": [value for name, value in named if not name.startswith("net.")]},
        ]
        optimiser = torch.optim.AdamW(groups, lr=_RATE, weight_decay=0.01, fused=True)
        self.network.train()
        for epoch in range(epochs):
            batches = list(_batches(draw(), rng))
            for at, batch in enumerate(batches):
                share = (epoch + at / len(batches)) / epochs
                rate = max(min(share / _WARM_UP, (1 - share) / (1 - _WARM_UP)), 0.01)
                for group, full in zip(optimiser.param_groups, (_RATE, _RATE_OUTPUTS), strict=True):
                    group["lr"] = full * rate
                loss = self._loss(batch)
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                optimiser.step()
                if at % _REPORT == 0:
                    log.info("teacher %.0f %%, loss %.3f", 100 * share, float(loss.item()))

    def taught(self, examples: Sequence[Example]) -> list[Example]:
        """The examples with the role of each word and the chance that the sentence is full."""
        self.network.eval()
        order = sorted(range(len(examples)), key=lambda at: len(examples[at].tokens))
        found = list(examples)
        for at in range(0, len(order), 2 * _BATCH):
            rows = order[at : at + 2 * _BATCH]
            encoded = [self._encode(examples[row].tokens) for row in rows]
            with torch.no_grad():
                roles, full = self.network(*_padded([ids for ids, _ in encoded]))
            likeliest, chances = roles.argmax(2).tolist(), torch.sigmoid(full).tolist()
            for line, (row, (_, places)) in enumerate(zip(rows, encoded, strict=True)):
                said = [self.roles[likeliest[line][place]] for place in places]
                said += [OTHER] * (len(examples[row].tokens) - len(said))  # beyond the longest
                found[row] = Example(examples[row].tokens, said, chances[line])
        return found

    def _loss(self, batch: Sequence[Example]) -> Tensor:
        encoded = [self._encode(example.tokens) for example in batch]
        ids, mask = _padded([ids for ids, _ in encoded])
        targets = np.full(ids.shape, _UNSAID, np.int64)
        for line, (example, (_, places)) in enumerate(zip(batch, encoded, strict=True)):
            for place, role in zip(places, example.roles or (), strict=False):
                targets[line, place] = self.roles.index(role) if role in self.roles else _UNSAID
        roles, full = self.network(ids, mask)
        wanted = torch.tensor([float(example.full) for example in batch])
        loss = functional.binary_cross_entropy_with_logits(full, wanted)
        if (targets != _UNSAID).any():
            flat = torch.from_numpy(targets).flatten()
            loss = loss + _ROLES_WEIGHT * functional.cross_entropy(roles.flatten(0, 1), flat)
        return loss

    def _encode(self, tokens: Sequence[Token]) -> tuple[list[int], list[int]]:
        """The numbers of the pieces, and the place of each token's first piece among them."""
        begin, end, _ = self._ends
        ids, places = [begin], []
        for token in tokens:
            pieces = self._pieces(_SAID.get(token.kind, token.text))
            if len(ids) + len(pieces) >= _LONGEST:
                break
            places.append(len(ids))
            ids += pieces
        return [*ids, end], places

    def _pieces(self, word: str) -> list[int]:
        if word not in self._known:
            found = self._tokenizer.encode(word, add_special_tokens=False).ids
            self._known[word] = found[:_PIECES] or [self._ends[2]]
        return self._known[word]


def _batches(examples: list[Example], rng: random.Random) -> Iterator[list[Example]]:
    """The examples in batches of like length, in random order."""
    rng.shuffle(examples)
    for at in range(0, len(examples), _BATCH * _POOL):
        pool = sorted(examples[at : at + _BATCH * _POOL], key=lambda example: len(example.tokens))
        found = [pool[start : start + _BATCH] for start in range(0, len(pool), _BATCH)]
        rng.shuffle(found)
        yield from found


def _padded(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask, rows x length."""
    length = max(map(len, rows))
    ids = [row + [0] * (length - len(row)) for row in rows]
    mask = [[1.0] * len(row) + [0.0] * (length - len(row)) for row in rows]
    return torch.tensor(ids), torch.tensor(mask)
