"""PyPI `perspectiveapi`. It uses httpx and a fixed address."""

from common import ABUSE, FINE, KEY, attempt, tell
from perspective import Attribute  # type: ignore[import-not-found]
from perspective.blocking import Perspective  # type: ignore[import-not-found]

client = Perspective(KEY)
wanted = [Attribute.TOXICITY, Attribute.SEVERE_TOXICITY, Attribute.THREAT]
tell(
    abuse={name: getattr(client.score(ABUSE, wanted), name) for name in ("toxicity", "threat")},
    fine={"toxicity": client.score(FINE).toxicity},
    bad_key=attempt(lambda: {"toxicity": Perspective("nonsense").score(FINE).toxicity}),
)
