"""A model's card as typed classes: what the model is, its training data, and its scorer's settings.

The card is the file `card.json`, next to the weights. Every card has the fields of `Card`, and each
kind of model adds the fields that its scorer needs. Other keys are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from moderation.scoring.ngrams import Recipe

CARD = "card.json"


class ModelError(RuntimeError):
    """A model that must not be used: missing, damaged, or not the one its card describes."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Card(_Part):
    """The fields that the card of every model has.

    `files` maps each file's name to its hash. `data` lists the data sets that the model was trained
    on. `figures` holds its measured performance. `reference` is the distribution of its scores with
    which `moderation drift` compares new scores.
    """

    kind: str = ""
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
    """The n-grams that a model reads, as its card lists them; see `ngrams.Recipe`."""

    chars: tuple[int, int]
    words: tuple[int, int]
    bits: int

    def recipe(self) -> Recipe:
        """Return the `ngrams.Recipe` that computes these n-grams."""
        from moderation.scoring.ngrams import Recipe  # imports numpy; a card can be read without

        return Recipe(self.chars, self.words, self.bits)


class LinearCard(Card):
    """The card of a linear model.

    `reads` is `folded` if disguised spellings are undone before the model reads a text.
    """

    heads: tuple[str, ...]
    recipe: NgramRecipe
    reads: str | None = None


class LayerCard(_Part):
    """The card's part on a newsroom's layer, a small model that changes a linear model's scores.

    It has the names of the scores that the layer changes, and `beside`, the linear model's version.
    """

    heads: tuple[str, ...]
    recipe: NgramRecipe
    beside: str


class AdaptedCard(LinearCard):
    """The card of an adapted model: a linear model's card, with the newsroom's layer as `own`."""

    own: LayerCard


class LanguageCard(Card):
    """The card of a language model. The table that names languages has 2**`naming_bits` rows."""

    recipe: NgramRecipe
    languages: tuple[str, ...]
    naming_bits: int
    calibration: tuple[float, float, float, float]


class EnsembleCard(_Part):
    """How a transformer's scores are mixed with those of one `version` of the linear model.

    By score name: `shares` are the linear model's weights; `slopes` and `starts` calibrate the
    mixture. See `cascade.Ensemble`.
    """

    version: str
    shares: Mapping[str, float]
    slopes: Mapping[str, float]
    starts: Mapping[str, float]
    low: float


class TransformerCard(Card):
    """The card of a transformer.

    `together` says how its scores are mixed with a linear model's. It is None until that is
    measured.
    """

    heads: tuple[str, ...]
    together: EnsembleCard | None = None


AnyCard = TypeVar("AnyCard", bound=Card)


def parse(content: Any, form: type[AnyCard], folder: Path) -> AnyCard:
    """Return `content`, the JSON of the card in `folder`, as an instance of the class `form`.

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
    """Return the card in `folder` as an instance of the class `form`.

    Raises `ModelError` where the card cannot be read.
    """
    try:
        content = json.loads((folder / CARD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: no usable model: {error}") from error
    return parse(content, form, folder)
