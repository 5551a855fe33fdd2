"""Describes tables and arrays of libraries. Its text runs in the kernel, beside ``probe``.

An object is asked only if its class is one that the library itself has under its own name, or
inherits from one; and then by the library's own code, so that a subclass has no say. Nothing is
computed: of a lazy table only what it knows already is read.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from itertools import islice
from typing import Any

#: Maximum number of columns of a table, and length of the name of a column.
MAX_COLUMNS, MAX_NAME = 100, 80
#: Maximum number of blocks of pandas: a DataFrame that was made of many Series has as many.
MAX_BLOCKS = 200

_dict_of_module = vars(types.ModuleType)["__dict__"].__get__
_name_of_class = type.__dict__["__name__"].__get__
_module_of_class = type.__dict__["__module__"].__get__
#: The usual names of pandas' own dtypes; a dtype's text may have values, such as categories.
_PANDAS_DTYPES = {
    "ArrowDtype": "arrow",
    "BooleanDtype": "boolean",
    "CategoricalDtype": "category",
    "DatetimeTZDtype": "datetime64[tz]",
    "GeometryDtype": "geometry",
    "IntervalDtype": "interval",
    "PeriodDtype": "period",
}


def describe_table(
    value: Any, bases: list[type], attributes: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the description of a table or an array, or ``None`` if the value is none.

    Parameters
    ----------
    value
        An object.
    bases
        Its class and the bases of that.
    attributes
        Returns the attributes that the object keeps itself.
    """
    for base in bases:
        describe = _DESCRIBE.get(f"{_library(base)}.{_name(base)}")
        if describe is not None and _is_own(base):
            described: dict[str, Any] = describe(value, base, attributes)
            return {"type": _name(bases[0]), **described}
    return None


def _name(cls: type) -> str:
    name = _name_of_class(cls)
    return name if type(name) is str and name.isprintable() else "object"


def _library(cls: type) -> str:
    module = _module_of_class(cls)
    return module.split(".")[0] if type(module) is str else ""


def _is_own(cls: type) -> bool:
    """Return whether the module that a class names has this class under this name."""
    module = sys.modules.get(_module_of_class(cls))
    return type(module) is types.ModuleType and _dict_of_module(module).get(_name(cls)) is cls


def _is_of(value: Any, library: str) -> bool:
    return _library(type(value)) == library and _is_own(type(value))


def _columns(names: list[Any], dtypes: list[str]) -> list[dict[str, str]]:
    """Return the columns whose names are text that fits on a line."""
    return [
        {"name": name, "dtype": dtypes[index]}
        for index, name in enumerate(names)
        if type(name) is str and 0 < len(name) <= MAX_NAME and name.isprintable()
    ]


def _shape(sizes: Any) -> list[int]:
    return [size for size in sizes if type(size) is int]


def _dtype(dtype: Any) -> str:
    """Return the name of a dtype of NumPy or pandas."""
    for base in type.__dict__["__mro__"].__get__(type(dtype)):
        if _name(base) == "dtype" and _library(base) == "numpy" and _is_own(base):
            text = base.__dict__["name"].__get__(dtype)
            return text if type(text) is str and len(text) <= MAX_NAME else "object"
    name = _name(type(dtype))
    if name == "StringDtype" and _is_of(dtype, "pandas"):
        return str(dtype.name)  # "str" or "string"
    return _PANDAS_DTYPES.get(name, name[:-5] if name.endswith("Dtype") else "object")


def _pandas_frame(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    manager = attributes()["_mgr"]
    if not _is_of(manager, "pandas"):
        return {}
    labels, index = manager.axes
    result: dict[str, Any] = {}
    if _is_of(labels, "pandas") and _is_of(index, "pandas"):
        result["shape"] = [len(index), len(labels)]
        names = list(labels[:MAX_COLUMNS])
        result["columns"] = _columns(names, _pandas_dtypes(manager, len(names)))
    return result


def _pandas_dtypes(manager: Any, count: int) -> list[str]:
    """Return the dtypes of the first columns; ``get_dtypes`` takes 0.5 s for 20,000 blocks."""
    dtypes = [""] * count
    for block in islice(manager.blocks, MAX_BLOCKS):
        places = block.mgr_locs.as_array
        shown = places[places < count]
        if len(shown):
            text = _dtype(block.dtype)
            for place in shown:
                dtypes[place] = text
    return dtypes


def _pandas_series(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    manager = attributes()["_mgr"]
    if not _is_of(manager, "pandas"):
        return {}
    (index,) = manager.axes
    dtype = _dtype(manager.blocks[0].dtype)
    shape = {"shape": [len(index)]} if _is_of(index, "pandas") else {}
    return {"type": f"Series[{dtype}]", **shape}


def _dask_frame(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    expression = attributes().get("_expr")
    # The description of the columns, as far as it was computed.
    known = attributes() if expression is None else expression.__dict__
    meta = known.get("_meta")
    frame = sys.modules["pandas"].__dict__["DataFrame"]
    if type(meta) is not frame:
        return {}
    return {"columns": _pandas_frame(meta, frame, lambda: meta.__dict__).get("columns", [])}


def _polars_frame(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    frame = attributes()["_df"]
    if _library(type(frame)) not in ("polars", "builtins") or _name(type(frame)) != "PyDataFrame":
        return {}
    shape = _shape(frame.shape())
    column = getattr(frame, "to_series", None) or frame.select_at_idx  # before Polars 1
    series = [column(index) for index in range(min(shape[1], MAX_COLUMNS))]
    columns = _columns([s.name() for s in series], [_polars_dtype(s.dtype()) for s in series])
    return {"shape": shape, "columns": columns}


def _polars_dtype(dtype: Any) -> str:
    bases = type.__dict__["__mro__"].__get__(type(dtype))
    return _name(dtype if any(base is type for base in bases) else type(dtype))


def _polars_series(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    series = attributes()["_s"]
    if _name(type(series)) != "PySeries":
        return {}
    return {"type": f"Series[{_polars_dtype(series.dtype())}]", "shape": [series.len()]}


def _arrow_table(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    schema = base.__dict__["schema"].__get__(value)
    fields = [schema.field(index) for index in range(min(len(schema), MAX_COLUMNS))]
    columns = _columns([f.name for f in fields], [_arrow_type(f.type) for f in fields])
    return {"shape": [base.__dict__["num_rows"].__get__(value), len(schema)], "columns": columns}


def _arrow_type(arrow_type: Any) -> str:
    return str(arrow_type)[:MAX_NAME] if _is_of(arrow_type, "pyarrow") else "extension"


def _xarray_dataset(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    variables = base.__dict__["_variables"].__get__(value)
    items = list(islice(variables.items(), MAX_COLUMNS))
    columns = _columns([name for name, _ in items], [_xarray_dtype(each) for _, each in items])
    return {"columns": columns}


def _xarray_array(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    variable = base.__dict__["_variable"].__get__(value)
    dtype, data = _xarray_dtype(variable), _xarray_data(variable)
    shape = {} if data is None else {"shape": _shape(data.shape)}
    dims = [name for name in variable._dims if type(name) is str and name.isprintable()]
    return {"type": f"DataArray[{dtype}]", "keys": dims, **shape}


def _xarray_data(variable: Any) -> Any:
    """Return the array of a variable that NumPy or an index has; ``None`` if it is elsewhere."""
    data = variable._data if _is_of(variable, "xarray") else None
    is_here = _name(type(data)) in ("ndarray", "PandasIndexingAdapter")
    return data if is_here and (_is_of(data, "numpy") or _is_of(data, "xarray")) else None


def _xarray_dtype(variable: Any) -> str:
    data = _xarray_data(variable)
    return "lazy" if data is None else _dtype(data.dtype)


def _numpy_array(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    dtype = base.__dict__["dtype"].__get__(value)
    fields = [name for name in dtype.names or () if name.isprintable()]
    described: dict[str, Any] = {
        "type": f"ndarray[{_dtype(dtype)}]",
        "shape": _shape(base.__dict__["shape"].__get__(value)),
    }
    return {**described, "fields": fields[:MAX_COLUMNS]} if fields else described


def _torch_tensor(value: Any, base: type, attributes: Any) -> dict[str, Any]:
    if not _is_of(value, "torch"):
        return {}
    dtype = str(value.dtype).replace("torch.", "")
    return {"type": f"Tensor[{dtype}]", "shape": _shape(value.shape)}


_DESCRIBE: dict[str, Callable[..., dict[str, Any]]] = {
    "dask.DataFrame": _dask_frame,
    "numpy.ndarray": _numpy_array,
    "pandas.DataFrame": _pandas_frame,
    "pandas.Series": _pandas_series,
    "polars.DataFrame": _polars_frame,
    "polars.Series": _polars_series,
    "pyarrow.RecordBatch": _arrow_table,
    "pyarrow.Table": _arrow_table,
    "torch.Tensor": _torch_tensor,
    "xarray.DataArray": _xarray_array,
    "xarray.Dataset": _xarray_dataset,
}
