"""The cache of completions, with the cases of the lab extension."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.evaluation.replay.completion_cache import CompletionCache

CASES = json.loads((Path(__file__).parent / "cases/completion_cache.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_cases(case: dict[str, Any]) -> None:
    limits = {"maxEntries": "max_entries", "maxCharacters": "max_characters"}
    cache = CompletionCache(**{ours: case[name] for name, ours in limits.items() if name in case})
    for step in case["steps"]:
        if "store" in step:
            cache.store(*step["store"])
        else:
            assert cache.find(*step["find"]) == step["found"]
    if "size" in case:
        assert (len(cache), cache.characters) == (case["size"], case["characters"])
