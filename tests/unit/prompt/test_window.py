"""While somebody types, a prompt only grows at its end; its start stays for long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, Tokenizer, build_prompt
from jupyter_safecoder.prompt.window import anchored_first, anchored_start, tail
from jupyter_safecoder.protocol import Cell, CompletionRequest

FAMILY = FAMILIES["starcoder"]
BUDGET = Budget(2048, 256, 96)
LINE = "frame = pd.read_csv('measurements.csv').groupby(['station', 'day']).mean()"
BEFORE = tuple(Cell("code", f"value_{n} = compute({n})", str(n)) for n in range(40))


def _ids(tokenizer: Tokenizer, request: CompletionRequest, layout: str = "spm") -> list[int]:
    return build_prompt(request, FAMILY, tokenizer, BUDGET, layout).ids


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def _lost(tokenizer: Tokenizer, layout: str) -> list[int]:
    """How many ids of each keystroke's prompt are of no use to the next one."""
    prompts = [
        _ids(
            tokenizer,
            CompletionRequest("import pandas as pd\n" + LINE[:n], "\nframe", before=BEFORE),
            layout,
        )
        for n in range(len(LINE) + 1)
    ]
    return [len(one) - _shared(one, other) for one, other in pairwise(prompts)]


@pytest.mark.parametrize("layout", ["spm", "context"])
def test_a_keystroke_changes_only_the_end(embedded_tokenizer: FileTokenizer, layout: str) -> None:
    lost = _lost(embedded_tokenizer, layout)
    assert max(lost) <= 4  # a word that grows may be cut anew
    assert sum(lost) / len(lost) < 1.5


def test_a_keystroke_costs_psm_its_suffix(embedded_tokenizer: FileTokenizer) -> None:
    suffix = len(embedded_tokenizer.encode("\nframe"))
    assert min(_lost(embedded_tokenizer, "psm")) >= suffix + 1


def test_bytes_are_strictly_append_only() -> None:
    assert set(_lost(ByteTokenizer(), "spm")) == {0}


def test_a_long_cell_keeps_its_start_for_long(embedded_tokenizer: FileTokenizer) -> None:
    """Typing 12,000 characters line by line: most new lines leave the start where it is."""
    lines = [f"value_{n} = compute(value_{n - 1}, {n})\n" for n in range(400)]
    prompts = [
        _ids(embedded_tokenizer, CompletionRequest("".join(lines[:n]), "")) for n in range(400)
    ]
    opening = len(_ids(embedded_tokenizer, CompletionRequest("", "x"))) - 1
    moves = sum(_shared(a, b) < opening + 20 for a, b in pairwise(prompts[20:]))
    assert 10 < moves < 400 / 3
    assert max(map(len, prompts)) <= opening + 256 * 5 // 4 + 1
    assert min(map(len, prompts[40:])) >= 256 // 3


@pytest.mark.parametrize("budget", [1, 2, 7, 100, 2048])
def test_anchored_start(budget: int) -> None:
    starts = [anchored_start(length, budget) for length in range(5 * budget + 5)]
    assert starts == sorted(starts)
    assert all(
        0 <= length - start <= budget and (start == 0 or length - start >= budget - budget // 4)
        for length, start in enumerate(starts)
    )
    assert len(set(starts)) <= 5 * budget / max(1, budget // 4) + 6


@pytest.mark.parametrize("budget", [10, 64, 1000])
def test_anchored_first(budget: int) -> None:
    sizes = [(n * 7919) % budget + 1 for n in range(500)]
    firsts = [anchored_first(sizes[:n], budget) for n in range(1, 501)]
    assert firsts == sorted(firsts)
    assert all(0 < sum(sizes[first : n + 1]) <= budget for n, first in enumerate(firsts))


def test_the_window_moves_in_big_steps() -> None:
    firsts = [anchored_first([10] * n, 1000) for n in range(1, 1000)]
    assert len(set(firsts)) < 1000 / 25


def test_the_nearest_cell_is_kept_even_where_it_is_large() -> None:
    """60 + 95 of 100: the far one goes, not both."""
    assert anchored_first([60, 95], 100) == 1
    tokenizer = ByteTokenizer()
    request = CompletionRequest(
        "x", "", before=(Cell("code", "f" * 1200), Cell("code", "n" * 1800))
    )
    text = tokenizer.decode(_ids(tokenizer, request))
    assert text == "n" * 1800 + "x"


def test_cells_are_whole_and_the_nearest() -> None:
    tokenizer = ByteTokenizer()
    cells = tuple(Cell("code", f"[{n:05} " + "." * (n * 37 % 90) + "]") for n in range(300))
    for count in range(50, 300, 7):
        text = tokenizer.decode(_ids(tokenizer, CompletionRequest("", "", before=cells[:count])))
        kept = [cell.source for cell in cells[:count] if cell.source in text]
        assert text == "".join(kept)
        assert kept == [cell.source for cell in cells[count - len(kept) : count]]
        assert 900 <= len(text) <= 2048


def test_a_cell_too_large_by_itself_is_left_out() -> None:
    tokenizer = ByteTokenizer()
    large = Cell("code", "L" * 3000)
    huge = Cell("code", "H" * 5_000_000)
    before = (Cell("code", "far"), large, huge, Cell("code", "near"))
    assert (
        tokenizer.decode(_ids(tokenizer, CompletionRequest("x", "", before=before))) == "farnearx"
    )


def test_tail_begins_at_a_line() -> None:
    text = "".join(f"line {n}\n" for n in range(1000))
    for length in range(200, len(text), 97):
        cut = tail(text[:length], 150)
        assert text[:length].endswith(cut)
        assert len(cut) <= 150
        assert cut.startswith("line")


def test_tail_of_one_endless_line() -> None:
    assert 75 <= len(tail("x" * 10_000, 150)) <= 150


def test_a_cell_of_5_mb_costs_little(embedded_tokenizer: FileTokenizer) -> None:
    text = "value = compute(1, 2)\n" * (5_000_000 // 22)
    began = time.perf_counter()
    ids = _ids(embedded_tokenizer, CompletionRequest(text, text, before=(Cell("code", text),)))
    assert time.perf_counter() - began < 2
    assert len(ids) < 256 * 5 // 4 + 96 + 10


def test_2000_cells_cost_little_at_each_key(embedded_tokenizer: FileTokenizer) -> None:
    before = tuple(
        Cell("code", f"value_{n} = compute({n})\n" * 20, f"out {n}") for n in range(2000)
    )
    _ids(embedded_tokenizer, CompletionRequest("x", "", before=before))
    began = time.perf_counter()
    for n in range(20):
        _ids(embedded_tokenizer, CompletionRequest("x" * n, "", before=before))
    assert (time.perf_counter() - began) / 20 < 0.1
