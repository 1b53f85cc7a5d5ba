"""Which challenger runs in shadow: it decides some comments too, without any effect.

`shadow.json`, next to `champion.json`, names the challenger and the share of comments. The service
reads it (`api/background/shadow.py`), and `moderation models compare` shows the results.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

from moderation.decision import Action
from moderation.scoring.store import ModelError, write_json

SHADOW = "shadow.json"


@dataclass(frozen=True)
class Shadow:
    """A challenger in shadow: its share of the comments, since when, and who started it."""

    model: str
    version: str
    share: float
    since: str
    who: str

    @classmethod
    def read(cls, root: Path) -> Self | None:
        """Return the challenger in shadow under `root`, or None.

        Raises `ModelError` if the file cannot be read.
        """
        try:
            shadow = cls(**json.loads((root / SHADOW).read_text("utf-8")))
            names = (shadow.model, shadow.version)
            if all(isinstance(name, str) for name in names) and shadow.share > 0:
                return shadow
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            pass
        raise ModelError(
            f"{root / SHADOW} cannot be read: moderation models shadow --off removes it"
        )

    def write(self, root: Path) -> None:
        """Start it: write the file that the service reads."""
        write_json(root / SHADOW, asdict(self))

    def takes(self, decision: str) -> bool:
        """Whether this decision is in the share. A hash of its id decides, so it never changes.

        >>> half = Shadow("spam", "new", 0.5, "", "")
        >>> [half.takes(id_) for id_ in "abcd"]
        [False, True, True, True]
        """
        digest = hashlib.sha256(decision.encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64


def end_shadow(root: Path) -> None:
    """End the shadow run. Its decisions stay in the record."""
    (root / SHADOW).unlink(missing_ok=True)


class ShadowPair(NamedTuple):
    """The decisions of champion and challenger about one comment, and a moderator's verdict.

    `moved` is the largest difference between their scores.
    """

    decision: str
    comment: str | None
    champion: Action
    challenger: Action
    moved: float
    verdict: Action | None
    policy: str
    at: datetime
