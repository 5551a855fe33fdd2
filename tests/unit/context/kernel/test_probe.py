"""Names are described without running any code of the objects behind them."""

from __future__ import annotations

import ast
import collections
import contextlib
import dataclasses
import enum
import functools
import importlib.util
import io
import json
import os
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.context.kernel import probe
from jupyter_safecoder.context.kernel.tables import describe_table

#: Special methods of objects and of classes.
_SPECIAL_TEXT = """
    abs add aiter and anext await bool bytes call class_getitem complex contains delattr delete
    delitem dir divmod enter eq exit float floordiv format fspath ge get getattr getattribute
    getitem getnewargs_ex getstate gt hash iadd index instancecheck instance_get invert iter le len
    length_hint lt matmul missing mod mro_entries mul ne neg next or pos pow prepare radd reduce
    reduce_ex repr reversed round set set_name setattr setitem sizeof str sub subclasscheck
    subclasses subclasshook truediv trunc xor
"""
_SPECIAL = _SPECIAL_TEXT.split()
_ATTRIBUTES = ("columns", "dtypes", "shape", "name", "keys", "_mgr", "_fields", "__wrapped__")


class Fights(BaseException):
    """What the code of a hostile object raises."""


def described(value: Any) -> dict[str, Any]:
    """Return the description of one value."""
    (one,) = names_of({"x": value}, ["x"])["names"]
    assert one["name"] == "x"
    return dict(one)


def names_of(
    namespace: dict[str, Any],
    names: list[str],
    members: tuple[str, ...] = (),
    clock: Callable[[], float] = lambda: 0.0,
) -> dict[str, Any]:
    found: dict[str, Any] = {"names": [], "members": {}, "complete": False}
    probe.describe_names(namespace, names, list(members), describe_table, found, clock)
    # It goes as JSON.
    assert json.loads(json.dumps(found)) == found
    return found


@dataclasses.dataclass
class Grid:
    """A grid of points.

    More about it.
    """

    nodes: int = 4
    step: float = 0.5

    def refine(self, factor: int) -> None:
        """Make it finer."""


class Point(typing.NamedTuple):
    x: float
    y: float


class Color(enum.Enum):
    RED = 1
    GREEN = 2


def load(
    path: str, mode: Any = "secret-value", *rest: int, strict: bool = True, **more: Any
) -> None:
    """Load a file.

    And so on.
    """


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, {"type": "int"}),
        ("text that is a value", {"type": "str"}),
        (None, {"type": "NoneType"}),
        ([1, 2], {"type": "list[int]", "shape": [2]}),
        ([], {"type": "list", "shape": [0]}),
        ((), {"type": "tuple", "shape": [0]}),
        ({1, 2, 3}, {"type": "set", "shape": [3]}),
        ({"a": 1, "b\nc": 2, 3: 4}, {"type": "dict", "shape": [3], "keys": ["a"]}),
        (collections.OrderedDict(k=1), {"type": "OrderedDict", "shape": [1], "keys": ["k"]}),
        (Grid(), {"type": "Grid", "fields": ["nodes", "step"]}),
        (Point(1, 2), {"type": "Point", "shape": [2], "fields": ["x", "y"]}),
        (load, {"type": "function", "doc": "Load a file.",
                "signature": "(path, mode=..., *rest, strict=True, **more)"}),
        (Grid().refine, {"type": "function", "doc": "Make it finer.", "signature": "(factor)"}),
        (Grid, {"type": "class", "doc": "A grid of points.", "signature": "(nodes=..., step=...)",
                "fields": ["nodes", "step"]}),
        (Color, {"type": "class", "members": ["RED", "GREEN"]}),
        (Color.RED, {"type": "Color"}),
        (json, {"type": "module"}),
        (len, {"type": "builtin_function_or_method"}),
    ],
)  # fmt: skip
def test_what_python_knows(value: Any, expected: dict[str, Any]) -> None:
    found = described(value)
    if value is Color:
        found.pop("signature", None)
        found.pop("doc", None)
    assert found == {"name": "x", **expected}


def test_decorated_functions_have_their_own_signature() -> None:
    @functools.wraps(load)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        load(*args, **kwargs)

    assert described(wrapper)["signature"] == "(path, mode=..., *rest, strict=True, **more)"


def test_fields_as_pydantic_and_attrs_keep_them() -> None:
    class Model:
        __pydantic_fields__: typing.ClassVar = {"rate": object(), "label": object()}

    attributes = type("PartAttributes", (tuple,), {"width": property(), "height": property()})
    part = type("Part", (), {"__attrs_attrs__": attributes()})
    assert described(Model())["fields"] == ["rate", "label"]
    assert described(Model)["fields"] == ["rate", "label"]
    assert described(part())["fields"] == ["width", "height"]


def test_a_class_of_the_notebook_shows_its_attributes_and_methods() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    source = """
class Simulation:
    def __init__(self):
        self.rate = 0.5
        self._hidden = 1
    def run(self, steps): pass
    def _step(self): pass
simulation = Simulation()
"""
    exec(source, namespace)
    found = names_of(namespace, ["simulation", "Simulation"])["names"]
    assert found == [
        {"name": "simulation", "type": "Simulation", "fields": ["rate"], "members": ["run"]},
        {"name": "Simulation", "type": "class", "signature": "()", "members": ["run"]},
    ]


def test_members_of_modules_and_classes() -> None:
    found = names_of({"os": os, "G": Grid}, [], ("os.path", "G", "missing", "G.x"))
    assert "basename" in found["members"]["os.path"]
    assert found["members"]["G"] == ["nodes", "refine", "step"]
    assert list(found["members"]) == ["os.path", "G"]


def test_a_module_is_not_loaded_for_its_members() -> None:
    def load_lazily(name: str) -> Any:
        raise Fights

    module = types.ModuleType("lazy")
    module.known = 1  # type: ignore[attr-defined]
    module.__getattr__ = load_lazily  # type: ignore[method-assign]
    module.__all__ = ["later", "known"]  # type: ignore[attr-defined]
    spec = importlib.util.find_spec("this")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    unloaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(unloaded)
    found = names_of({"lazy": module, "this": unloaded}, ["lazy", "this"], ("lazy", "this"))
    assert found["members"] == {"lazy": ["known", "later"]}
    assert [name["type"] for name in found["names"]] == ["module", "module"]
    assert type(unloaded) is not types.ModuleType  # it would be one if it had been loaded


def hostile(special: list[str], touched: list[str]) -> Iterator[Any]:
    """Yield objects and classes whose special methods and attributes all raise."""

    def fight(name: str) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            touched.append(name)
            print(name)
            raise Fights(name)

        return method

    names = [f"__{name}__" for name in special]
    methods = {name: fight(name) for name in names}
    properties = {name: property(fight(name)) for name in (*_ATTRIBUTES, "__class__", "__dict__")}
    plain = type("Plain", (), {**methods, **properties})
    yield object.__new__(plain)
    meta_properties = {
        name: property(fight(name)) for name in ("__name__", "__module__", "__mro__")
    }
    meta = type("Meta", (type,), {**methods, **properties, **meta_properties})
    for bases in ((), (dict,), (list,), (tuple,), (str,), (BaseException,), (types.ModuleType,)):
        cls: Any = type.__new__(meta, "Strange", bases, {**methods, **properties})
        base = bases[0] if bases else object
        yield cls
        make: Any = base.__new__
        yield make(cls, "m") if base is types.ModuleType else make(cls)


@pytest.mark.parametrize(
    "special", [[name] for name in _SPECIAL] + [_SPECIAL], ids=[*_SPECIAL, "all"]
)
def test_no_code_of_an_object_runs(special: list[str]) -> None:
    touched: list[str] = []
    objects = list(hostile(special, touched))
    namespace = {f"x{index}": value for index, value in enumerate(objects)}
    touched.clear()
    names = list(namespace)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        found = names_of({**namespace, "after": 1}, [*names, "after"], tuple(names))
    assert touched == []
    assert output.getvalue() == ""
    assert [name["name"] for name in found["names"]] == [*names, "after"]
    namespace.clear()


def test_hostile_keys_names_and_attributes() -> None:
    fights: list[bool] = []

    class Key:
        def __hash__(self) -> int:
            return hash("good")

        def __eq__(self, other: object) -> bool:
            if fights:
                raise Fights
            return False

    class Text(str):
        def isprintable(self) -> bool:
            raise Fights

    strange = type("Strange", (), {"__doc__": Key(), "__module__": Key()})
    strange.__name__ = Text("Named")
    value = strange()
    value.__dict__ = type("Attributes", (dict,), {"items": None, "__iter__": None})({"a": 1})
    namespace: dict[Any, Any] = {Key(): 1, "x": value, "keys": {Key(): 1, Text("t"): 2}, "good": 1}
    fights.append(True)
    found = names_of(namespace, ["x", "keys", "good"])["names"]
    assert found == [
        {"name": "x", "type": "object"},
        {"name": "keys", "type": "dict", "shape": [2]},
        {"name": "good", "type": "int"},
    ]


def test_a_failure_costs_its_own_line_only() -> None:
    def table(value: Any, bases: Any, attributes: Any) -> Any:
        if value == 2:
            raise SystemExit
        return None

    found: dict[str, Any] = {"names": [], "members": {}}
    probe.describe_names({"a": 1, "b": 2, "c": 3}, ["a", "b", "c"], [], table, found)
    assert found["names"] == [{"name": name, "type": "int"} for name in "abc"]


def test_the_limits_of_time_number_and_size() -> None:
    namespace = {f"name{index}": index for index in range(2_000)}
    names = list(namespace)
    found = names_of(namespace, names)
    assert (len(found["names"]), found["complete"]) == (probe.MAX_NAMES, True)
    ticks = iter(range(100))
    found = names_of(namespace, names, clock=lambda: next(ticks) * probe.MAX_SECONDS / 5)
    assert (len(found["names"]), found["complete"]) == (4, False)
    wide: dict[str, Any] = {
        f"wide{index}": dict.fromkeys(f"k{n:070}" for n in range(300)) for index in range(100)
    }
    wide["small"] = 1
    found = names_of(wide, [*list(wide)[:99], "small"])
    assert 1 < len(found["names"]) < probe.MAX_NAMES
    assert found["names"][-1] == {"name": "small", "type": "int"}
    assert len(json.dumps(found)) < 1.2 * probe.MAX_CHARACTERS
    assert len(found["names"][0]["keys"]) == probe.MAX_ITEMS


def test_private_names_and_missing_names_are_left_out() -> None:
    assert names_of({"_": 1, "_1": 2, "__x": 3}, ["_", "_1", "__x", "missing"])["names"] == []


def test_no_value_is_in_a_description() -> None:
    secret = "hf_value"

    def function(a: Any = secret, *, b: Any = secret, c: Any = 12345) -> None: ...

    namespace = {"f": function, "s": secret, "l": [secret], "d": {"key": secret}, "n": 12345}
    text = json.dumps(names_of(namespace, list(namespace)))
    assert secret not in text
    assert "12345" not in text


@pytest.mark.parametrize("name", ["probe", "tables", "handler"])
def test_the_text_is_python_3_8_and_imports_nothing_of_ours(name: str) -> None:
    source = (Path(probe.__file__).parent / f"{name}.py").read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= {
        *("__future__", "_thread", "collections", "collections.abc", "itertools", "sys", "time"),
        *("types", "typing"),
    }
    strict = [node for node in ast.walk(tree) if isinstance(node, ast.keyword)]
    assert "strict" not in [keyword.arg for keyword in strict]
