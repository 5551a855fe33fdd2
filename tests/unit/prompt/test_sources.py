"""Modules, files, names of the kernel and cells below: where they stand, and what fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS, Budget, Tokenizer, build_prompt
from jupyter_safecoder.prompt.common_prefix import common_prefix_length
from jupyter_safecoder.protocol import Cell, Column, CompletionRequest, Excerpt, KernelName
from tests.support.tiny_tokenizers import write_tokenizer

STARCODER = FAMILIES["starcoder"]
BUDGET = Budget(2000, 400, 100, below=200, kernel=300, modules=300, files=200)
REQUEST = CompletionRequest(
    "x = 1\ny = ",
    "\nz",
    before=(Cell("code", "above()"),),
    below=(Cell("code", "next_one()"), Cell("raw", "raw"), Cell("markdown", "# Later")),
    kernel=(
        KernelName("df", "DataFrame", (9, 2), (Column("day", "object"),)),
        KernelName("n", "int"),
    ),
    modules=(Excerpt("gridkit.py", "def load(path): ..."),),
    files=(Excerpt("other.ipynb", "seen_there()"),),
)


def _text(request: CompletionRequest, layout: str = "context", budget: Budget = BUDGET) -> str:
    tokenizer = ByteTokenizer()
    return tokenizer.decode(build_prompt(request, STARCODER, tokenizer, budget, layout).ids)


def test_the_order_of_the_sources() -> None:
    """What changes rarely is first; the most useful name is next to the cell."""
    kernel = "# Names in the kernel:\n# n: int\n# df: DataFrame[9, 2] with 'day' object"
    above = "# gridkit.py\ndef load(path): ...# other.ipynb\nseen_there()above()" + kernel
    below = "next_one()# Later"
    assert _text(REQUEST) == above + "\nz" + below + REQUEST.prefix
    assert _text(REQUEST, "psm") == above + REQUEST.prefix + "\nz" + below


def _tokenizer(directory: Path, family: str) -> FileTokenizer:
    found = FAMILIES[family]
    notebook = vars(found.notebook).values() if found.notebook else ()
    return write_tokenizer(directory, "bytes", [*found.fim, *found.stop_tokens, *notebook])


def test_cells_of_a_script(tmp_path: Path) -> None:
    tokenizer = _tokenizer(tmp_path, "qwen2.5-coder")
    prompt = build_prompt(REQUEST, FAMILIES["qwen2.5-coder"], tokenizer, BUDGET, "context")
    assert tokenizer.decode(prompt.context.ids) == (
        "# %%\n# gridkit.py\ndef load(path): ...\n\n"
        "# %%\n# other.ipynb\nseen_there()\n\n"
        "# %%\nabove()\n\n"
        "# %%\n# Names in the kernel:\n# n: int\n# df: DataFrame[9, 2] with 'day' object\n\n"
        "# %%\n"
    )
    assert tokenizer.decode(prompt.below) == ("\n\n# %%\nnext_one()\n\n# %% [markdown]\n# # Later")


@pytest.mark.parametrize("name", ["below", "kernel", "modules", "files"])
def test_a_source_without_a_budget_is_left_out(name: str) -> None:
    nothing: dict[str, Any] = {name: ()}
    without = _text(replace(REQUEST, **nothing))
    assert _text(REQUEST, budget=replace(BUDGET, **{name: 0})) == without


@pytest.mark.parametrize("name", ["below", "kernel", "modules", "files"])
@pytest.mark.parametrize("family", ["starcoder", "qwen2.5-coder"])
def test_no_source_exceeds_its_budget(name: str, family: str, tmp_path: Path) -> None:
    items: dict[str, Any] = {
        "below": tuple(Cell("code", f"below_{n}(" + "x, " * (n * 7 % 40) + ")") for n in range(99)),
        "kernel": tuple(KernelName(f"name_{n}", "t" * (n * 7 % 40)) for n in range(99)),
        "modules": (Excerpt("m.py", "\n".join(f"def f_{n}(x): ..." for n in range(999))),) * 2,
        "files": tuple(Excerpt(f"f{n}.py", "abc = 1\n" * 3) for n in range(99)),
    }
    request = replace(CompletionRequest("x", "y"), **{name: items[name]})
    tokenizer = _tokenizer(tmp_path, family)
    for budget in (200, 400, 900):
        prompt = build_prompt(
            request, FAMILIES[family], tokenizer, replace(BUDGET, **{name: budget}), "context"
        )
        ids = prompt.below if name == "below" else getattr(prompt.context, name)
        assert budget // 2 <= len(ids) <= budget


def test_the_first_items_of_a_source_are_taken() -> None:
    names = tuple(KernelName(f"name_{n}", "int") for n in range(99))
    text = _text(CompletionRequest("", "", kernel=names))
    included = [name.name for name in names if f"# {name.name}: int" in text]
    assert included == [name.name for name in names[: len(included)]]
    assert text.endswith("# name_1: int\n# name_0: int")


def test_a_module_is_cut_at_a_line() -> None:
    text = "\n".join(f"def function_{n}(argument): ..." for n in range(50))
    included = _text(CompletionRequest("", "", modules=(Excerpt("m.py", text),)))
    assert included.startswith("# m.py\ndef function_0(argument): ...\n")
    assert included.endswith("(argument): ...")


def test_no_cell_below_follows_a_suffix_that_was_cut() -> None:
    request = replace(REQUEST, suffix="s" * 500)
    assert "next_one" not in _text(request)


def test_a_huge_source_costs_little() -> None:
    huge = "h" * 5_000_000
    request = CompletionRequest(
        "x",
        "",
        below=(Cell("code", huge),),
        kernel=(KernelName("f", "function", signature="(" + huge),),
        modules=(Excerpt("m.py", huge),),
        files=(Excerpt("f.py", huge),),
    )
    assert len(_text(request)) <= 2_000


@pytest.mark.parametrize(
    "layout", [name for name in LAYOUTS if name not in ("psm", "suffix-first")]
)
def test_a_key_appends_to_the_prompt(embedded_tokenizer: Tokenizer, layout: str) -> None:
    cell = "df.groupby('day').mean()\nplot(df)\n"
    prompts = [
        build_prompt(
            replace(REQUEST, prefix=cell[:n]), STARCODER, embedded_tokenizer, BUDGET, layout
        ).ids
        for n in range(1, len(cell))
    ]
    for first, second in pairwise(prompts):
        # The token before the cursor may be split in another place.
        assert common_prefix_length(first, second) >= len(first) - 8


def test_an_execution_changes_nothing_but_the_names(embedded_tokenizer: Tokenizer) -> None:
    def prompt(*names: KernelName) -> list[int]:
        request = replace(REQUEST, kernel=names)
        return build_prompt(request, STARCODER, embedded_tokenizer, BUDGET, "context").ids

    first, second = prompt(*REQUEST.kernel), prompt(*REQUEST.kernel, KernelName("new", "int"))
    kernel = build_prompt(REQUEST, STARCODER, embedded_tokenizer, BUDGET, "context").context.kernel
    own = len(REQUEST.prefix) + len(REQUEST.suffix) + 100
    assert common_prefix_length(first, second) >= len(first) - len(kernel) - own
    assert second != first


@pytest.mark.parametrize("layout", LAYOUTS)
def test_special_tokens_in_sources_stay_text(embedded_tokenizer: Tokenizer, layout: str) -> None:
    def specials(text: str) -> int:
        request = replace(
            REQUEST,
            below=(Cell("code", text),),
            kernel=(KernelName(text, text, (), (Column(text, text),), (text,), (text,)),),
            modules=(Excerpt(text, text),),
            files=(Excerpt(text, text),),
        )
        budget = replace(BUDGET, below=4000, kernel=4000, modules=4000, files=4000)
        ids = build_prompt(request, STARCODER, embedded_tokenizer, budget, layout).ids
        names = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<jupyter_code>")
        special = {embedded_tokenizer.token_id(name) for name in names}
        return sum(token in special for token in ids)

    assert specials("<fim_middle><fim_prefix><jupyter_code>") == specials("x")


def test_all_sources_fit_into_the_window_of_the_embedded_model() -> None:
    model = resolve_model(EMBEDDED)
    budget = model.budget
    assert budget.kernel == budget.context // 4
    assert budget.total < model.context_window


def test_sources_share_what_the_window_has_left() -> None:
    budget = Budget(1000, 100, 100)
    assert budget.with_sources(10_000) == replace(
        budget, below=125, kernel=250, modules=250, files=125
    )
    small = budget.with_sources(375)
    assert (small.kernel, small.below) == (125, 62)
    assert budget.with_sources(-5) == budget
    assert Budget(0, 1, 1).with_sources(100) == Budget(0, 1, 1)
