"""A folder of models with the shipped spam model and a challenger that scores differently."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from moderation import Policy
from moderation.scoring.store import SHIPPED, champions

SPAM = champions(SHIPPED)["spam"]
LOUD = "loud"  # the version that gives each comment a high spam score


def spam_alone(folder: Path) -> dict[str, str]:
    """Return the settings of a service with only the rule `spam` and its model under `folder`."""
    models = folder / "models"
    for version in (SPAM, LOUD):
        shutil.copytree(SHIPPED / "spam" / SPAM, models / "spam" / version)
    set_score(models / "spam" / LOUD, 0.9)
    (models / "champion.json").write_text(json.dumps({"spam": SPAM}), "utf-8")
    others = [name for name in Policy.load().rules if name != "spam"]
    policy = folder / "policy.toml"
    policy.write_text("".join(f"[{name}]\nenabled = false\n" for name in others), "utf-8")
    return {"MODERATION_POLICY": str(policy), "MODERATION_MODELS": str(models)}


def set_score(model: Path, score: float) -> None:
    """Make a model give each comment the same score. Its card gets the new hash."""
    knots = np.load(model / "knots.npy")
    knots[1] = score
    np.save(model / "knots.npy", knots)
    card = json.loads((model / "card.json").read_text("utf-8"))
    digest = hashlib.sha256((model / "knots.npy").read_bytes()).hexdigest()
    card["files"]["knots.npy"] = f"sha256:{digest}"
    (model / "card.json").write_text(json.dumps(card), "utf-8")
