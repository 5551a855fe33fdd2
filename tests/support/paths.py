"""Where things are in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOY_HUB = ROOT / "deploy/hub"
DEPLOY_REMOTE = ROOT / "deploy/remote"
NOTEBOOKS = ROOT / "notebooks"
WEIGHTS_RECIPE = ROOT / "weights" / "recipe"
