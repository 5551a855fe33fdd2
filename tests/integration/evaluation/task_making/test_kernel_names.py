"""What a real kernel says at a cursor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_safecoder.evaluation.task_making.kernel_names import all_names, names_at_cursor
from jupyter_safecoder.evaluation.task_making.scratch_kernel import ScratchKernel, scratch_kernel
from tests.support.notebook_files import write_notebook

SETUP = """
import json, os.path
meters = {"main": [1, 2], "roof": [3]}
limit = 2.5
unused = 7

def mean(values, weights=None):
    '''Return the mean.'''
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScratchKernel]:
    """Return a kernel with some names."""
    folder = tmp_path_factory.mktemp("notebook")
    with scratch_kernel(write_notebook(folder / "n.ipynb", ("code", SETUP))) as kernel:
        assert kernel.execute(SETUP, 60).failure == ""
        yield kernel


def test_all_names_of_a_cell(kernel: ScratchKernel) -> None:
    names = all_names(kernel, "mean(meters['main'], unknown)")
    assert [name["name"] for name in names] == ["mean", "meters"]


def test_the_names_that_are_visible_at_a_cursor(kernel: ScratchKernel) -> None:
    names = names_at_cursor(kernel, "value = mean(", "\nprint(value)", ["meters"], ["limit"])
    assert names == [
        {
            "name": "mean",
            "type": "function",
            "signature": "(values, weights=None)",
            "doc": "Return the mean.",
        },
        {"name": "meters", "type": "dict", "shape": [2], "keys": ["main", "roof"]},
        {"name": "limit", "type": "float"},
    ]


@pytest.mark.parametrize(
    ("prefix", "name", "members"),
    [
        ("json.du", "json", ["dump", "dumps"]),
        ("x = os.path.isd", "os.path", ["isdevdrive", "isdir"]),
    ],
)
def test_members_of_the_module_that_is_typed(
    kernel: ScratchKernel, prefix: str, name: str, members: list[str]
) -> None:
    (first, *_) = names_at_cursor(kernel, prefix, "", ["meters"], [])
    assert (first["name"], first["type"]) == (name, "module")
    assert set(first["members"]) <= set(members)
    assert members[-1] in first["members"]


@pytest.mark.parametrize("prefix", ["json.zz", "missing.du", "meters['main'].", "3."])
def test_no_members(kernel: ScratchKernel, prefix: str) -> None:
    assert not any("members" in name for name in names_at_cursor(kernel, prefix, "", [], []))
