"""PyPI `PyPerspective`. It uses requests, and first tests its key with an empty body."""

from typing import Any

from common import ABUSE, FINE, KEY, attempt, tell
from PyPerspective.Perspective import Perspective  # type: ignore[import-not-found]

client = Perspective(KEY)


def scores(comment: Any) -> object:
    return {
        attribute.name: (attribute.score, [span.score for span in attribute.spans])
        for attribute in comment.attributes
    }


tell(
    abuse=scores(client.get_score(ABUSE, tests=["TOXICITY", "PROFANITY"], langs=["en"])),
    fine=scores(client.get_score(FINE)),
    bad_key=attempt(lambda: type(Perspective("nonsense")).__name__),
)
