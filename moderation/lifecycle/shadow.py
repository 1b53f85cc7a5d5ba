"""Read and write which challenger runs in shadow.

A challenger is a version of a model that may replace the version in use. In shadow, the challenger
decides some of the comments too, without any effect. `shadow.json`, next to `champion.json`, names
the challenger and the share of comments. The service reads this file (`api/background/shadow.py`),
and `moderation models compare` shows the results.
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
    """The challenger that runs in shadow: its share of the comments, since when, who started it.

    In shadow, a challenger decides comments without any effect.
    """

    model: str
    version: str
    share: float
    since: str
    who: str

    @classmethod
    def read(cls, root: Path) -> Self | None:
        """Read `shadow.json` in the models' folder `root`. Return None if there is no such file.

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
        """Write `shadow.json`. The service then lets the challenger decide in shadow."""
        write_json(root / SHADOW, asdict(self))

    def takes(self, decision: str) -> bool:
        """Return whether the challenger also decides the comment of the decision with this id.

        A hash of the id selects the challenger's share of the comments, so the answer for an id
        never changes.

        >>> half = Shadow("spam", "new", 0.5, "", "")
        >>> [half.takes(id_) for id_ in "abcd"]
        [False, True, True, True]
        """
        digest = hashlib.sha256(decision.encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64


def end_shadow(root: Path) -> None:
    """End the challenger's run in shadow. The challenger's decisions stay in the database."""
    (root / SHADOW).unlink(missing_ok=True)


class ShadowPair(NamedTuple):
    """The decisions of the champion and of a challenger in shadow about the same comment.

    `verdict` is a moderator's verdict, if any. `moved` is the largest difference between a score of
    the champion's decision and the same score of the challenger's.
    """

    decision: str
    comment: str | None
    champion: Action
    challenger: Action
    moved: float
    verdict: Action | None
    policy: str
    at: datetime
