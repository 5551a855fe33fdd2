"""Real models of the catalogue: complete, verified, and better than the embedded one."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.models import EMBEDDED
from tests.support.cli import complete_arguments, run_json
from tests.support.notebook_files import write_notebook

TUNED = "safecoder-qwen-0.5b"
UNTUNED = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")

IMPORTS = ("code", "import numpy as np\nimport pandas as pd\n\nfrom pathlib import Path\n")
READ = ("code", 'frame = pd.read_csv("sales.csv")\nframe.head()')
#: Cells, the cursor in the last one, and the start of what follows it.
CASES = [
    ([IMPORTS, ("code", "frame = pd.read_c")], (0, 17), "sv("),
    ([IMPORTS, READ, ("code", 'frame.groupby("region").me')], (0, 26), "an("),
    ([("code", "def add(a, b):\n    return ")], (1, 11), "a + b"),
]


@pytest.fixture(scope="module", params=[TUNED, *UNTUNED])
def arguments(request: pytest.FixtureRequest, models_cache: Path) -> list[object]:
    return ["--model", request.param, "--cache-dir", models_cache]


def test_getting_it_again_fetches_and_converts_nothing(arguments: list[object]) -> None:
    _, name, *cache = arguments
    report = run_json("model", "get", name, *cache)
    assert (report["model"], report["reused"]) == (name, True)
    assert run_json("model", "verify", name, *cache)["ok"]


@pytest.mark.parametrize(("cells", "cursor", "expected"), CASES)
def test_what_any_code_model_knows(
    cells: list[tuple[str, str]],
    cursor: tuple[int, int],
    expected: str,
    arguments: list[object],
    tmp_path: Path,
) -> None:
    path = write_notebook(tmp_path / "n.ipynb", *cells)
    report = run_json(*complete_arguments(path, len(cells) - 1, *cursor), *arguments)
    assert report["text"].startswith(expected)
    assert report["finish_reason"] in ("end", "line")


def test_the_tuned_model_stops_where_the_suffix_begins(models_cache: Path, tmp_path: Path) -> None:
    body = 'def load(path):\n    frame = \n    return frame.dropna()\n\n\nload("sales.csv")'
    path = write_notebook(tmp_path / "n.ipynb", IMPORTS, ("code", body))
    for mode in ("line", "block"):
        report = run_json(
            *complete_arguments(path, 1, 1, 12),
            *("--model", TUNED, "--cache-dir", models_cache, "--mode", mode, "--raw"),
        )
        assert report["text"].strip().startswith("pd.read_csv(")
        assert "return" not in report["text"]


def test_the_tuned_model_saves_more_than_the_embedded_one(models_cache: Path) -> None:
    saved, right = {}, {}
    for name, suggestions in ((EMBEDDED, "many"), (TUNED, "balanced")):
        report = run_json(
            *("bench", "replay", "--lines", 20, "--key-ms", 60_000),
            *("--model", name, "--cache-dir", models_cache, "--suggestions", suggestions),
            timeout=1800,
        )
        saved[name], right[name] = report["saved"], report["right"]
    assert saved[TUNED] > saved[EMBEDDED]
    assert right[TUNED] > 2 * right[EMBEDDED]
