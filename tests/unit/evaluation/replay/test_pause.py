"""The pause before a request: with the cases of the lab extension."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.evaluation.replay.pause import adapted_pause

CASES = json.loads((Path(__file__).parent / "cases/pause.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_cases(case: dict[str, Any]) -> None:
    pause = adapted_pause(case.get("setting", 60), case["gaps"], case["ttfts"])
    assert pause == pytest.approx(case["pause"])
