"""validation: one text for each kind of mistake, without private input."""

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from moderation.validation import describe


class Form(BaseModel):
    """A model with one mistake of each kind to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("x", max_length=9)
    size: int = Field(1, ge=1)
    labels: list[str] = []
    parts: dict[str, str] = {}

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if name == "secret":
            raise ValueError("must be plain")
        return name


@pytest.mark.parametrize(
    ("values", "private", "ending"),
    [
        ({"name": 5}, "must be a string, not a number", "must be a string, not 5"),
        ({"name": None}, "must be a string, not null", "must be a string, not None"),
        ({"labels": "a"}, "must be an array, not a string", "must be an array, not 'a'"),
        ({"parts": True}, "must be an object, not a boolean", "must be an object, not True"),
        ({"size": 0}, "must be greater than or equal to 1", "… to 1, not 0"),
        ({"name": "secret"}, "must be plain", "must be plain, not 'secret'"),
        ({"name": "\ud800"}, "holds half a surrogate pair; send valid Unicode", "…valid Unicode"),
        ({"extra": 1}, "is not a known field", "…known field"),
    ],
)
def test_each_kind_of_mistake(values: dict[str, object], private: str, ending: str) -> None:
    """The text quotes the input only if the caller asks for it."""
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(values)
    (error,) = caught.value.errors()
    assert describe(error) == private
    assert describe(error, quote_input=True).endswith(ending.removeprefix("…"))


def test_callers_choose_the_text_for_an_unknown_field() -> None:
    """Command lines speak of settings, requests of fields."""
    with pytest.raises(ValidationError) as caught:
        Form.model_validate({"extra": 1})
    assert describe(caught.value.errors()[0], unknown="no such setting") == "no such setting"
