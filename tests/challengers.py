"""A models' folder with the shipped spam model and challengers of other minds, and its policy."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from moderation import Policy
from moderation.scoring.store import SHIPPED, champions

SPAM = champions(SHIPPED)["spam"]
LOUD = "loud"  # finds everything spam


def spam_alone(folder: Path) -> dict[str, str]:
    """Settings of a service whose one rule asks the one model under `folder`."""
    models = folder / "models"
    for version in (SPAM, LOUD):
        shutil.copytree(SHIPPED / "spam" / SPAM, models / "spam" / version)
    says(models / "spam" / LOUD, 0.9)
    (models / "champion.json").write_text(json.dumps({"spam": SPAM}), "utf-8")
    others = "".join(f"[{name}]\nenabled = false\n" for name in Policy.load().rules)
    policy = folder / "policy.toml"
    policy.write_text(others.replace("[spam]\nenabled = false\n", ""))
    return {"MODERATION_POLICY": str(policy), "MODERATION_MODELS": str(models)}


def says(model: Path, score: float) -> None:
    """Let a model give every comment the same score; its card goes on describing its files."""
    knots = np.load(model / "knots.npy")
    knots[1] = score
    np.save(model / "knots.npy", knots)
    card = json.loads((model / "card.json").read_text("utf-8"))
    digest = hashlib.sha256((model / "knots.npy").read_bytes()).hexdigest()
    card["files"]["knots.npy"] = f"sha256:{digest}"
    (model / "card.json").write_text(json.dumps(card), "utf-8")
