"""What hidden text uses of a kernel and of local modules."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.evaluation.task_making.cutting import Cut
from jupyter_safecoder.evaluation.task_making.local_names import LocalNames
from jupyter_safecoder.evaluation.task_making.uses import find_uses

KERNEL: list[dict[str, Any]] = [
    {"name": "frame", "type": "DataFrame", "columns": [{"name": "load_kw", "dtype": "float64"}]},
    {"name": "model", "type": "Baseline"},
    {"name": "np", "type": "module"},
    {"name": "run", "type": "gridkit.Run"},
    {"name": "Path", "type": "class"},
]
LOCAL = LocalNames(
    aliases={"gk": frozenset({"join", "Run"})},
    imported=frozenset({"load_all"}),
    libraries=frozenset({"Path", "np"}),
    methods={"Run": frozenset({"note"})},
)


@pytest.mark.parametrize(
    ("shown", "hidden", "uses"),
    [
        ("", 'total = frame["load_kw"].sum()', ["column", "kernel_name"]),
        ('total = frame["lo', 'ad_kw"].sum()', ["column"]),
        ("total = frame.", "load_kw.sum()", ["column"]),
        ("total = frame.", "temp_c.sum()", []),
        ("frame.plot(", "x='load_kw')", ["column"]),
        ('total = frame["load_kw"]', ".sum()", []),
        ("frame = gk.", "join(frame, other)", ["local_function", "kernel_name"]),
        ("frame = gk.join", "(other)", []),
        ("data = ", "load_all()", ["local_function"]),
        ("run.", "note('split')", ["local_function"]),
        ("model.", "note('split')", []),
        ("", "model = 3", []),
        ("fit(", "model=3)", []),
        ("if ", "model == 3:", ["kernel_name"]),
        ("", "np.mean(values)", []),
        ("", "Path(values)", []),
        ("print(", '"model of frame")', []),
    ],
)
def test_uses(shown: str, hidden: str, uses: list[str]) -> None:
    cut = Cut(1, f"first = line\n{shown}", hidden, "\nlast = frame")
    assert find_uses(cut, KERNEL, LOCAL) == uses


def test_nothing_is_known() -> None:
    assert find_uses(Cut(0, "", 'frame["load_kw"]', ""), [], LocalNames()) == []
