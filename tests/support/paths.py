"""Where things are in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOY_HUB = ROOT / "deploy/hub"
DEPLOY_REMOTE = ROOT / "deploy/remote"
NOTEBOOKS = ROOT / "notebooks"
WEIGHTS_RECIPE = ROOT / "weights" / "recipe"
#: Files that version 0.1 wrote.
VERSION_0_1 = ROOT / "tests/data/version_0_1"
