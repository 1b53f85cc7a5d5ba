"""What the tests of rules that ask a model share: the shipped models, loaded once."""

from collections.abc import Callable

import pytest

from moderation.models import Models
from moderation.text import Text, read


@pytest.fixture(scope="session")
def judged() -> Callable[[str], Text]:
    """A comment as the checks get it: read, and scored by the shipped models."""
    models = Models.load()

    def judge(comment: str) -> Text:
        text = read(comment)
        models.read([text])
        return text

    return judge
