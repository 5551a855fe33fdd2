"""Tables of the libraries that are not dependencies, in a kernel of ipykernel 6."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.named_kernel import NamedKernel, named_kernel
from tests.support.virtual_environment import VirtualEnvironment

_PACKAGES = (
    *("ipykernel<7", "attrs", "dask[dataframe]", "geopandas", "polars", "pyarrow", "pydantic"),
    "xarray",
)
_SETUP = """
import numpy as np, pandas as pd
import dask.dataframe as dd, geopandas as gpd, polars as pl, pyarrow as pa, xarray as xr
data = pd.DataFrame({"day": [1], "rate": [0.5], "kind": pd.Categorical(["a value"])})
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NamedKernel]:
    environment = VirtualEnvironment(tmp_path_factory.mktemp("environment"))
    environment.pip("install", "--quiet", *_PACKAGES)
    with named_kernel(environment.python) as kernel:
        kernel.run(_SETUP)
        kernel.install()
        yield kernel


def _columns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "dtype": dtype} for name, dtype in pairs]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "pl.DataFrame({'day': [1], 'text': ['a'], 'list': [[1]]})",
            {
                "type": "DataFrame",
                "shape": [1, 3],
                "columns": _columns(("day", "Int64"), ("text", "String"), ("list", "List")),
            },
        ),
        ("pl.Series('s', [1.5])", {"type": "Series[Float64]", "shape": [1]}),
        ("pl.DataFrame({'day': [1]}).lazy()", {"type": "LazyFrame"}),
        (
            "pa.table({'day': [1], 'text': ['a']})",
            {
                "type": "Table",
                "shape": [1, 2],
                "columns": _columns(("day", "int64"), ("text", "string")),
            },
        ),
        (
            "pa.record_batch({'day': [1]})",
            {"type": "RecordBatch", "shape": [1, 1], "columns": _columns(("day", "int64"))},
        ),
        (
            "dd.from_pandas(data, npartitions=1).assign(more=1)",
            {
                "type": "DataFrame",
                "columns": _columns(
                    ("day", "int64"), ("rate", "float64"), ("kind", "category"), ("more", "int64")
                ),
            },
        ),
        (
            "xr.Dataset({'rate': ('day', [0.5])}, coords={'day': [1]})",
            {"type": "Dataset", "columns": _columns(("rate", "float64"), ("day", "int64"))},
        ),
        (
            "xr.DataArray(np.zeros((2, 3)), dims=('x', 'y'))",
            {"type": "DataArray[float64]", "shape": [2, 3], "keys": ["x", "y"]},
        ),
        (
            "gpd.GeoDataFrame({'rate': [0.5]}, geometry=gpd.points_from_xy([1], [2]))",
            {
                "type": "GeoDataFrame",
                "shape": [1, 2],
                "columns": _columns(("rate", "float64"), ("geometry", "geometry")),
            },
        ),
    ],
)
def test_a_table(kernel: NamedKernel, code: str, expected: dict[str, Any]) -> None:
    kernel.run(f"value = {code}")
    assert kernel.names("value")["names"] == [{"name": "value", **expected}]


def test_fields_of_pydantic_and_attrs(kernel: NamedKernel) -> None:
    kernel.run("""
import attrs, pydantic
class Model(pydantic.BaseModel):
    rate: float
    label: str = "a value"
@attrs.define
class Part:
    width: int
    height: int = 2
model, part = Model(rate=1), Part(1)
""")
    fields = [name["fields"] for name in kernel.names("model", "Model", "part")["names"]]
    assert fields == [["rate", "label"], ["rate", "label"], ["width", "height"]]


@pytest.mark.parametrize(
    "code",
    [
        "pl.DataFrame(np.zeros((2, 20_000)))",
        "pa.table({f'c{n}': [1] for n in range(20_000)})",
        "pd.DataFrame({f'c{n}': [1] for n in range(20_000)}, copy=False)",
    ],
)
def test_20_000_columns(kernel: NamedKernel, code: str) -> None:
    kernel.run(f"wide = {code}")
    (wide,) = kernel.names("wide")["names"]
    assert wide["shape"][1] == 20_000
    assert len(wide["columns"]) == 100
    assert wide["columns"][99]["dtype"].lower() in ("int64", "float64")


def test_the_kernel_needs_nothing_of_ours(kernel: NamedKernel, tmp_path: Path) -> None:
    kernel.run("import ipykernel, sys")
    assert kernel.evaluate("ipykernel.__version__").startswith("'6.")
    assert kernel.evaluate("[name for name in sys.modules if 'safecoder' in name]") == "[]"
