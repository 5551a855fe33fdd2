"""Tables and arrays are described by their libraries' own code alone."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from jupyter_safecoder.context.kernel import probe, tables


def described(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"names": [], "members": {}}
    probe.describe_names({"x": value}, ["x"], [], tables.describe_table, found)
    (one,) = found["names"]
    del one["name"]
    return dict(one)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns or {"region": ["north"], "total": [1.5], "count": [2]})


def test_a_data_frame() -> None:
    found = described(frame())
    assert found["type"] == "DataFrame"
    assert found["shape"] == [1, 3]
    assert [column["name"] for column in found["columns"]] == ["region", "total", "count"]
    assert [column["dtype"] for column in found["columns"][1:]] == ["float64", "int64"]


def test_dtypes_of_pandas_without_their_values() -> None:
    found = described(
        frame(
            when=pd.to_datetime(["2020-01-01"]),
            zone=pd.to_datetime(["2020-01-01"]).tz_localize("UTC"),
            kind=pd.Categorical(["a value"]),
            whole=pd.array([1], "Int64"),
        )
    )
    dtypes = {column["name"]: column["dtype"] for column in found["columns"]}
    assert dtypes["when"].startswith("datetime64[")
    assert {**dtypes, "when": ""} == {
        **{"when": "", "zone": "datetime64[tz]", "kind": "category", "whole": "Int64"},
    }


def test_columns_that_are_no_names_are_left_out() -> None:
    found = described(pd.DataFrame([[1, 2, 3, 4]], columns=["good", 5, "two\nlines", "x" * 300]))
    assert [column["name"] for column in found["columns"]] == ["good"]
    several = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    assert described(several)["columns"] == []


def test_a_frame_of_20_000_columns_is_bounded() -> None:
    wide = pd.DataFrame(np.zeros((2, 20_000)), columns=[f"c{n}" for n in range(20_000)])
    found = described(wide)
    assert found["shape"] == [2, 20_000]
    assert len(found["columns"]) == tables.MAX_COLUMNS
    assert found["columns"][-1] == {"name": "c99", "dtype": "float64"}


def test_series_arrays_and_tensors() -> None:
    assert described(pd.Series([1.5])) == {"type": "Series[float64]", "shape": [1]}
    assert described(np.zeros((2, 3))) == {"type": "ndarray[float64]", "shape": [2, 3]}
    records = np.zeros(4, [("x", "f8"), ("y", "i4")])
    assert described(records)["fields"] == ["x", "y"]
    assert described(torch.zeros(2, 3)) == {"type": "Tensor[float32]", "shape": [2, 3]}


class Sales(pd.DataFrame):
    """A subclass with properties of its own."""

    @property
    def _mgr(self) -> Any:  # type: ignore[override]
        raise SystemExit

    @_mgr.setter
    def _mgr(self, value: Any) -> None:
        self.__dict__["_mgr"] = value

    def __getattribute__(self, name: str) -> Any:
        if name in ("columns", "shape", "dtypes"):
            raise SystemExit
        return super().__getattribute__(name)


def test_a_subclass_has_no_say() -> None:
    strange = object.__new__(Sales)
    strange.__dict__["_mgr"] = frame().__dict__["_mgr"]
    found = described(strange)
    assert found["type"] == "Sales"
    assert found["shape"] == [1, 3]


class Fake:
    """Says that it is a DataFrame of pandas."""

    @property
    def columns(self) -> Any:
        raise SystemExit


@pytest.mark.parametrize("module", ["pandas", "pandas.core.frame", "not.loaded"])
def test_a_class_that_only_says_so(module: str) -> None:
    fake = type("DataFrame", (Fake,), {"__module__": module})
    assert described(fake()) == {"type": "DataFrame"}


def test_a_frame_without_what_pandas_keeps() -> None:
    assert described(object.__new__(pd.DataFrame)) == {"type": "DataFrame"}
    odd = object.__new__(pd.DataFrame)
    odd.__dict__["_mgr"] = types.SimpleNamespace(axes=3)
    assert described(odd) == {"type": "DataFrame"}


def test_extension_dtypes_of_others_are_named_by_their_class() -> None:
    class MoneyDtype:
        @property
        def name(self) -> str:
            raise SystemExit

    assert tables._dtype(MoneyDtype()) == "Money"
    assert tables._dtype(object()) == "object"
