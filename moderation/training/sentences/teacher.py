"""Train the teacher: a transformer that labels the roles of words, and full sentences.

The treebank has 12,544 sentences of edited and web text, but readers' comments look different. A
small transformer (all-MiniLM-L6-v2) that is fine-tuned on the treebank makes fewer errors than the
CRF and the classifier of the shipped model. This teacher labels any number of sentences of
comments, and the shipped model is trained on these sentences (distillation, after Hinton et al.
2015). The teacher itself takes milliseconds per sentence, and is not shipped.
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
from moderation.training.transformer.finetune import load_pretrained
from moderation.training.transformer.network import WIDTH, Network, initialise

_RATE, _RATE_OUTPUTS = 2e-4, 1e-3
_BATCH_SIZE, _BATCHES_PER_POOL = 32, 30  # rows; batches whose rows are sorted by length together
_MAX_LENGTH, _MAX_PIECES = 120, 6  # word pieces of a sentence, and of one token
_WARM_UP, _ROLES_WEIGHT, _DROPOUT = 0.03, 0.5, 0.1
_REPORT_EVERY = 100  # batches
_PLACEHOLDERS = {"link": "link", "email": "link", "mention": "name", "emoji": "*"}
_IGNORED = -100  # torch's target for positions that do not count in the loss

log = logging.getLogger(__name__)
EpochSampler = Callable[[], list[Example]]


class _TeacherNetwork(nn.Module):
    """The transformer with two outputs.

    One output is the role of each word piece, and the other is whether the sentence is full.
    """

    def __init__(self, vocabulary: int, roles: int) -> None:
        super().__init__()
        self.encoder = Network(vocabulary, 1)
        self.roles = nn.Linear(WIDTH, roles)
        self.full = nn.Linear(2 * WIDTH, 1)
        self.dropout = nn.Dropout(_DROPOUT)
        nn.init.zeros_(self.full.bias)
        nn.init.normal_(self.full.weight, std=0.02)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the roles (rows x length x roles) and of full sentences (rows).

        `ids` are the word pieces, and `mask` is 0 for padding; both are rows x length.
        """
        positions = self.encoder.position_embeddings[: ids.shape[1]]
        states = self.encoder.embedding_norm(self.encoder.token_embeddings(ids) + positions)
        states = self.dropout(states)
        bias = ((1.0 - mask) * -10_000.0)[:, None, None, :]
        for layer in self.encoder.layers:
            states = layer(states, bias)
        states, weights = self.dropout(states), mask[:, :, None]
        pooled = (states * weights).sum(1) / weights.sum(1)
        return self.roles(states), self.full(torch.cat([states[:, 0], pooled], 1))[:, 0]


class Teacher:
    """A network that labels the roles of words and full sentences."""

    def __init__(self, roles: Sequence[str], seed: int) -> None:
        torch.manual_seed(seed)
        weights, tokenizer = load_pretrained()
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        vocabulary = self._tokenizer.get_vocab()
        self._special_ids = [vocabulary[name] for name in ("[CLS]", "[SEP]", "[UNK]")]
        self._cached_pieces: dict[str, list[int]] = {}
        self.roles = sorted(roles)
        size = self._tokenizer.get_vocab_size()
        self.network = _TeacherNetwork(size, len(self.roles))
        initialise(self.network.encoder, load(weights), list(range(size)))
        # Embeddings are not trained: there are few sentences and many words.
        self.network.encoder.token_embeddings.weight.requires_grad_(False)

    def fit(self, sample_epoch: EpochSampler, epochs: int, rng: random.Random) -> None:
        """Fine-tune the network for `epochs`.

        `sample_epoch` is called before each epoch, and returns the examples of the epoch.
        """
        named = [pair for pair in self.network.named_parameters() if pair[1].requires_grad]
        groups = [
            {"params": [value for name, value in named if name.startswith("encoder.")]},
            {"params": [value for name, value in named if not name.startswith("encoder.")]},
        ]
        optimiser = torch.optim.AdamW(groups, lr=_RATE, weight_decay=0.01, fused=True)
        self.network.train()
        for epoch in range(epochs):
            batches = list(_batches(sample_epoch(), rng))
            for number, batch in enumerate(batches):
                fraction = (epoch + number / len(batches)) / epochs
                factor = max(min(fraction / _WARM_UP, (1 - fraction) / (1 - _WARM_UP)), 0.01)
                for group, rate in zip(optimiser.param_groups, (_RATE, _RATE_OUTPUTS), strict=True):
                    group["lr"] = rate * factor
                loss = self._loss(batch)
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                optimiser.step()
                if number % _REPORT_EVERY == 0:
                    log.info("teacher %.0f %%, loss %.3f", 100 * fraction, float(loss.item()))

    def label(self, examples: Sequence[Example]) -> list[Example]:
        """Return the examples with the labels that the network predicts.

        `roles` are the most likely roles, and `full` is the probability that the example is a full
        sentence.
        """
        self.network.eval()
        order = sorted(range(len(examples)), key=lambda row: len(examples[row].tokens))
        labelled = list(examples)
        for start in range(0, len(order), 2 * _BATCH_SIZE):
            rows = order[start : start + 2 * _BATCH_SIZE]
            encoded = [self._encode(examples[row].tokens) for row in rows]
            with torch.no_grad():
                roles, full = self.network(*_pad([ids for ids, _ in encoded]))
            best, probabilities = roles.argmax(2).tolist(), torch.sigmoid(full).tolist()
            for line, (row, (_, positions)) in enumerate(zip(rows, encoded, strict=True)):
                names = [self.roles[best[line][position]] for position in positions]
                # Tokens after the maximum length have no role.
                names += [OTHER] * (len(examples[row].tokens) - len(names))
                labelled[row] = Example(examples[row].tokens, names, probabilities[line])
        return labelled

    def _loss(self, batch: Sequence[Example]) -> Tensor:
        encoded = [self._encode(example.tokens) for example in batch]
        ids, mask = _pad([ids for ids, _ in encoded])
        targets = np.full(ids.shape, _IGNORED, np.int64)
        for line, (example, (_, positions)) in enumerate(zip(batch, encoded, strict=True)):
            for position, role in zip(positions, example.roles or (), strict=False):
                known = role in self.roles
                targets[line, position] = self.roles.index(role) if known else _IGNORED
        roles, full = self.network(ids, mask)
        y_true = torch.tensor([float(example.full) for example in batch])
        loss = functional.binary_cross_entropy_with_logits(full, y_true)
        if (targets != _IGNORED).any():
            flat = torch.from_numpy(targets).flatten()
            loss = loss + _ROLES_WEIGHT * functional.cross_entropy(roles.flatten(0, 1), flat)
        return loss

    def _encode(self, tokens: Sequence[Token]) -> tuple[list[int], list[int]]:
        """Return the ids of the tokens' word pieces, and where in them each token begins.

        Tokens after the maximum length are left out.
        """
        first, last, _ = self._special_ids
        ids, positions = [first], []
        for token in tokens:
            pieces = self._pieces(_PLACEHOLDERS.get(token.kind, token.text))
            if len(ids) + len(pieces) >= _MAX_LENGTH:
                break
            positions.append(len(ids))
            ids += pieces
        return [*ids, last], positions

    def _pieces(self, word: str) -> list[int]:
        if word not in self._cached_pieces:
            ids = self._tokenizer.encode(word, add_special_tokens=False).ids
            self._cached_pieces[word] = ids[:_MAX_PIECES] or [self._special_ids[2]]
        return self._cached_pieces[word]


def _batches(examples: list[Example], rng: random.Random) -> Iterator[list[Example]]:
    """Yield the examples in batches of similar length, in random order."""
    rng.shuffle(examples)
    size = _BATCH_SIZE * _BATCHES_PER_POOL
    for first in range(0, len(examples), size):
        pool = sorted(examples[first : first + size], key=lambda example: len(example.tokens))
        batches = [pool[start : start + _BATCH_SIZE] for start in range(0, len(pool), _BATCH_SIZE)]
        rng.shuffle(batches)
        yield from batches


def _pad(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Pad the rows of ids to equal length. Return the ids and the mask, which is 0 for padding."""
    length = max(map(len, rows))
    ids = [row + [0] * (length - len(row)) for row in rows]
    mask = [[1.0] * len(row) + [0.0] * (length - len(row)) for row in rows]
    return torch.tensor(ids), torch.tensor(mask)
