"""A model's card, typed: what it is, what it was trained on, and what its scorer needs.

The card is `card.json`, next to the weights. Every card has the fields of `Card`, and each kind of
model adds the fields that its scorer needs. Other keys are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moderation.scoring.ngrams import Recipe

CARD = "card.json"


class ModelError(RuntimeError):
    """A model that must not be used: missing, damaged, or not the one its card describes."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Card(_Part):
    """The fields of every card.

    `files` maps each file's name to its hash. `data` lists the data sets that the model was
    trained on, `figures` holds its measured performance, and `reference` the distribution of its
    scores that `moderation drift` compares with.
    """

    kind: str
    files: Mapping[str, str] = Field(default_factory=dict)
    heads: tuple[str, ...] = ()
    name: str = ""
    purpose: str = ""
    made: str = ""
    limits: str = ""
    data: tuple[Mapping[str, Any], ...] = ()
    figures: Mapping[str, Any] = Field(default_factory=dict)
    reference: Mapping[str, Any] | None = None


class NgramRecipe(_Part):
    """Which n-grams a model reads; see `ngrams.Recipe`."""

    chars: tuple[int, int]
    words: tuple[int, int]
    bits: int

    def recipe(self) -> Recipe:
        """Return the recipe that computes these n-grams."""
        return Recipe(self.chars, self.words, self.bits)


class LinearCard(Card):
    """The card of a linear model. `reads` is `folded` where it reads the deobfuscated text."""

    heads: tuple[str, ...]
    recipe: NgramRecipe
    reads: str | None = None


class LayerCard(_Part):
    """A newsroom's layer: the heads it moves, and `beside`, the version of its linear model."""

    heads: tuple[str, ...]
    recipe: NgramRecipe
    beside: str


class AdaptedCard(LinearCard):
    """The card of an adapted model: a linear model's, with the newsroom's layer as `own`."""

    own: LayerCard


class LanguageCard(Card):
    """The card of a language model. `naming_bits` is the size of the table that names languages."""

    recipe: NgramRecipe
    languages: tuple[str, ...]
    naming_bits: int
    calibration: tuple[float, float, float, float]


class EnsembleCard(_Part):
    """How a transformer is mixed with one `version` of the linear model; see `cascade.Ensemble`.

    By head: `shares` are the linear model's weights, `slopes` and `starts` calibrate the mixture.
    """

    version: str
    shares: Mapping[str, float]
    slopes: Mapping[str, float]
    starts: Mapping[str, float]
    low: float


class TransformerCard(Card):
    """The card of a transformer. `together` is None until it is measured with a linear model."""

    heads: tuple[str, ...]
    together: EnsembleCard | None = None


AnyCard = TypeVar("AnyCard", bound=Card)


def parse(content: Any, form: type[AnyCard], folder: Path) -> AnyCard:
    """Return `content`, the JSON of the card in `folder`, as a `form` of card.

    Raises `ModelError`, which names the first key that is missing or wrong.
    """
    try:
        return form.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "it"
        problem = f"{key}: {first['msg']}"
        raise ModelError(f"{folder}: no usable model: {CARD}: {problem}") from error


def read(folder: Path, form: type[AnyCard]) -> AnyCard:
    """Return the card in `folder`. Raises `ModelError` where it cannot be read."""
    try:
        content = json.loads((folder / CARD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: no usable model: {error}") from error
    return parse(content, form, folder)
