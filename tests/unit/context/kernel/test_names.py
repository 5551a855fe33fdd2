"""The names of a prompt are chosen by what the cells mention, and an answer is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.context.kernel import names, probe
from jupyter_safecoder.protocol import Column, KernelName, schema

CASES = json.loads((Path(__file__).parent / "cases" / "names.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_cases(case: dict[str, Any]) -> None:
    mentioned = names.mentioned_names(case["cell"], case["above"], case["below"])
    assert mentioned == case["mentioned"]
    if "kernel" in case:
        kernel = [KernelName.from_json(name) for name in case["kernel"]]
        assert [name.name for name in names.choose_names(kernel, mentioned)] == case["chosen"]


def test_a_large_notebook_is_searched_up_to_a_limit() -> None:
    above = [f"name{index} = 1" + "#" * 1_000 for index in range(2_000)]
    mentioned = names.mentioned_names("", above, above)
    assert mentioned[:2] == ["name1999", "name0"]
    assert len(mentioned) < 30
    assert len(names.mentioned_names(" ".join(f"n{i}" for i in range(500)), [])) == 100


def test_the_budgets() -> None:
    columns = tuple(Column(f"column{index:020}", "float64") for index in range(20_000))
    wide = [KernelName(f"df{index}", "DataFrame", columns=columns) for index in range(50)]
    chosen = names.choose_names(wide, [name.name for name in wide])
    assert sum(map(names.size, chosen)) <= names.MAX_CHARACTERS
    assert len(chosen) > 2
    assert chosen[0].columns[0] == columns[0]
    small = [KernelName(f"n{index}", "int") for index in range(90)]
    chosen = names.choose_names(small, [name.name for name in small])
    assert [name.name for name in chosen] == [f"n{index}" for index in range(names.MAX_NAMES)]


def test_only_valid_parts_of_an_answer_are_read() -> None:
    good = {"name": "x", "type": "int", "shape": [1]}
    answer = {
        "names": [good, {"name": "y"}, {"name": "z", "type": "int", "more": 1}, 3, None],
        "members": {"np": ["linspace", 3], "bad": "text"},
    }
    assert names.read_answer(answer) == {
        "names": [good],
        "members": {"np": ["linspace"], "bad": []},
    }
    for strange in (None, 3, [], {}, {"names": 3, "members": 4}):
        assert names.read_answer(strange) == {"names": [], "members": {}}


def test_the_limits_fit_together() -> None:
    limits = schema()["definitions"]["KernelName"]["properties"]
    assert names.MAX_MENTIONED == probe.MAX_NAMES
    assert limits["keys"]["maxItems"] >= probe.MAX_ITEMS
    assert limits["members"]["maxItems"] >= names.MAX_MEMBERS
    assert limits["name"]["maxLength"] >= probe.MAX_NAME
    assert limits["doc"]["maxLength"] >= probe.MAX_DOC
    assert limits["signature"]["maxLength"] >= probe.MAX_SIGNATURE
