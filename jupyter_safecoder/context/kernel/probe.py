"""Describes names of a kernel. Its text runs in the kernel, which need not have this package.

A description has types, shapes, columns, keys, signatures and the like, and never a value. It runs
no code of the objects that it describes: no ``repr``, property, ``__getattr__``, ``__len__`` or
metaclass, and it imports nothing. What Python itself knows of an object is read with the
descriptors of ``type``, ``dict`` and the like. What pandas, Polars, PyArrow, Dask, xarray, NumPy
and PyTorch know is read with ``tables``, and only from objects of their own classes.

The file imports modules that every kernel has loaded, and works with Python 3.8 and later.
"""

from __future__ import annotations

import time
import types
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

#: Time for all names of one request, in seconds, checked between two names.
MAX_SECONDS = 0.05
#: Maximum number of names of one request, and of characters of its answer.
MAX_NAMES, MAX_CHARACTERS = 100, 100_000
#: Maximum number of keys or fields of a name, of parameters, and of members of a module.
MAX_ITEMS, MAX_PARAMETERS, MAX_MEMBERS = 50, 20, 2_000
#: Maximum length of a name, of the first line of a docstring, and of a signature.
MAX_NAME, MAX_DOC, MAX_SIGNATURE = 80, 120, 200

_CODE_ARGS, _CODE_KEYWORDS = 0x04, 0x08  # CO_VARARGS and CO_VARKEYWORDS of module inspect
_dict_of_class = type.__dict__["__dict__"].__get__
_mro_of_class = type.__dict__["__mro__"].__get__
_name_of_class = type.__dict__["__name__"].__get__
_dict_of_module = vars(types.ModuleType)["__dict__"].__get__
_BUILTIN_SIZES: tuple[tuple[type, Callable[[Any], int]], ...] = (
    (dict, dict.__len__),
    (list, list.__len__),
    (tuple, tuple.__len__),
    (set, set.__len__),
    (frozenset, frozenset.__len__),
    (deque, deque.__len__),
)
#: What is read of a class, the first in the order of its bases.
_CLASS_FACTS = frozenset(
    {
        *("__attrs_attrs__", "__dataclass_fields__", "__dict__", "__doc__", "__fields__"),
        *("__init__", "__pydantic_fields__", "_fields", "_member_names_", "model_fields"),
    }
)


def describe_names(
    namespace: dict[str, Any],
    names: list[str],
    members_of: list[str],
    describe_table: Callable[..., Any],
    found: dict[str, Any],
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Collect what is known of names, within the limits of time and size.

    Parameters
    ----------
    namespace
        The names of the kernel.
    names
        The names to describe, the most important ones first.
    members_of
        Modules and classes, possibly dotted, whose members are wanted.
    describe_table
        Describes an object of a library, see ``tables``.
    found
        Gets the result as it grows. ``names``: a description for each name that there is;
        ``members``: the public names of each module or class; ``complete``: whether there was time
        for all.
    clock
        Returns the time in seconds.
    """
    end = clock() + MAX_SECONDS
    room = MAX_CHARACTERS
    values = dict(_items(namespace))
    for path in members_of:
        members = _guard(_members, values, path) or []
        room -= sum(len(name) + 4 for name in members)
        if members and room >= 0:
            found["members"][path] = members
    for name in names[:MAX_NAMES]:
        if clock() >= end:
            return
        if name in values and not name.startswith("_"):
            described = _guard(describe, values[name], describe_table) or {}
            one = {"name": name, "type": _type_name(type(values[name])), **described}
            size = _size(one)
            if size <= room:
                room -= size
                found["names"].append(one)
    found["complete"] = True


def describe(value: Any, describe_table: Callable[..., Any]) -> dict[str, Any]:
    """Return the type of a value, and what its type says of it."""
    cls = type(value)
    bases, facts = mro(cls), _class_facts(cls)
    if has(bases, type):
        return _describe_class(value)
    if has(bases, types.ModuleType):
        return {"type": "module"}
    if cls is types.FunctionType:
        return _describe_function(value)
    if cls is types.MethodType:
        return _describe_function(value.__func__, skip=1)
    table: dict[str, Any] | None = describe_table(
        value, bases, lambda: _instance_dict(value, facts)
    )
    if table is not None:
        return table
    result: dict[str, Any] = {"type": _type_name(cls)}
    for base, size in _BUILTIN_SIZES:
        if has(bases, base):
            result["shape"] = [size(value)]
    if has(bases, dict):
        result["keys"] = _texts(islice(dict.__iter__(value), MAX_ITEMS))
    elif (cls is list or cls is tuple) and value:
        result["type"] += f"[{_type_name(type(value[0]))}]"
    fields = _fields(facts)
    if not fields and _is_of_notebook(cls):
        # The attributes that its methods have set, and its methods.
        fields = _public(_texts(islice(_instance_dict(value, facts), MAX_ITEMS)))
        result["members"] = _public(_texts(_class_dict(cls)))[:MAX_ITEMS]
    result["fields"] = fields
    return {key: part for key, part in result.items() if part or key == "shape"}


def mro(cls: type) -> list[type]:
    """Return a class and its bases, whatever its metaclass says."""
    return list(_mro_of_class(cls))


def has(bases: list[type], cls: type) -> bool:
    """Return whether a class is among the bases; ``in`` would ask their metaclasses."""
    return any(base is cls for base in bases)


def clean(text: Any) -> str | None:
    """Return a name that fits on a line, or ``None`` if it is none."""
    if type(text) is str and 0 < len(text) <= MAX_NAME and text.isprintable():
        return text
    return None


def _guard(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result, or ``None``: one strange object costs no other name its description."""
    try:
        return function(*arguments)
    except BaseException:  # noqa: BLE001
        return None


def _items(namespace: Any) -> Iterator[tuple[str, Any]]:
    """Yield the items of a dictionary, without comparing any key."""
    return ((key, value) for key, value in list(dict.items(namespace)) if type(key) is str)


def _class_dict(cls: type) -> dict[str, Any]:
    return {key: value for key, value in list(_dict_of_class(cls).items()) if type(key) is str}


def _class_facts(cls: type) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for base in mro(cls):
        for key, value in list(_dict_of_class(base).items()):
            if type(key) is str and key in _CLASS_FACTS:
                facts.setdefault(key, value)
    return facts


def _instance_dict(value: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of an instance that it keeps itself."""
    descriptor = facts.get("__dict__")
    if type(descriptor) is not types.GetSetDescriptorType:
        return {}
    attributes = descriptor.__get__(value)
    return dict(_items(attributes)) if has(mro(type(attributes)), dict) else {}


def _type_name(cls: type) -> str:
    """Return the name of a class, whatever its metaclass says."""
    return clean(_name_of_class(cls)) or "object"


def _is_of_notebook(cls: type) -> bool:
    module = _class_dict(cls).get("__module__")
    return type(module) is str and module == "__main__"


def _texts(keys: Any) -> list[str]:
    return [key for key in keys if clean(key)]


def _public(names: list[str]) -> list[str]:
    return [name for name in names if name.isidentifier() and not name.startswith("_")]


def _fields(facts: dict[str, Any]) -> list[str]:
    """Return the fields that a class declares: of dataclasses, named tuples, pydantic, attrs."""
    for key in ("__dataclass_fields__", "__pydantic_fields__", "model_fields", "__fields__"):
        fields = facts.get(key)
        if type(fields) is dict:
            return _texts(islice(fields, MAX_ITEMS))
    fields = facts.get("_fields")
    if type(fields) is tuple:
        return _texts(fields[:MAX_ITEMS])
    fields = facts.get("__attrs_attrs__")
    if fields is not None and has(mro(type(fields)), tuple):
        # A generated class of attrs: one property for each field.
        return _public(_texts(islice(_class_dict(type(fields)), MAX_ITEMS)))
    return []


def _first_line(doc: Any) -> str:
    if type(doc) is not str:
        return ""
    line = doc[: 10 * MAX_DOC].strip().split("\n")[0].strip()
    return line[:MAX_DOC] if line.isprintable() else ""


def _describe_class(cls: type) -> dict[str, Any]:
    facts = _class_facts(cls)
    own = _class_dict(cls)
    result: dict[str, Any] = {"type": "class", "doc": _first_line(own.get("__doc__"))}
    if type(facts.get("__init__")) is types.FunctionType:
        result["signature"] = _signature(facts["__init__"], skip=1)
    result["fields"] = _fields(facts)
    members = facts.get("_member_names_")
    if type(members) is list:
        result["members"] = _texts(members[:MAX_ITEMS])
    elif _is_of_notebook(cls):
        result["members"] = _public(_texts(own))[:MAX_ITEMS]
    return {key: part for key, part in result.items() if part}


def _describe_function(function: Any, skip: int = 0) -> dict[str, Any]:
    if type(function) is not types.FunctionType:
        return {"type": "method"}
    result = {"type": "function", "doc": _first_line(function.__doc__)}
    for _ in range(5):  # as functools.wraps leaves it
        wrapped = dict(_items(function.__dict__)).get("__wrapped__")
        if type(wrapped) is not types.FunctionType:
            break
        function = wrapped
    result["signature"] = _signature(function, skip)
    return {key: part for key, part in result.items() if part}


def _signature(function: Any, skip: int = 0) -> str:
    """Return the parameters of a function; a default value is shown only as far as it is a word."""
    code = function.__code__
    names = list(code.co_varnames)
    count, keywords = code.co_argcount, code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    after = count - len(defaults)
    parameters = [
        name if index < after else f"{name}={_default(defaults[index - after])}"
        for index, name in enumerate(names[:count])
    ][skip:]
    if code.co_flags & _CODE_ARGS:
        parameters.append("*" + names[count + keywords])
    elif keywords:
        parameters.append("*")
    by_name = dict(_items(function.__kwdefaults__ or {}))
    for name in names[count : count + keywords]:
        parameters.append(f"{name}={_default(by_name[name])}" if name in by_name else name)
    if code.co_flags & _CODE_KEYWORDS:
        parameters.append("**" + names[count + keywords + bool(code.co_flags & _CODE_ARGS)])
    text = "(" + ", ".join(parameters[:MAX_PARAMETERS]) + ")"
    return text if len(text) <= MAX_SIGNATURE and text.isprintable() else ""


def _default(value: Any) -> str:
    return str(value) if value is None or value is True or value is False else "..."


def _members(values: dict[str, Any], path: str) -> list[str]:
    """Return the public members of a module or class, found without loading anything."""
    first, *parts = path.split(".")
    value = values[first]
    for part in parts:
        value = _namespace(value)[part]
    namespace = _namespace(value)
    declared = namespace.get("__all__")
    listed = declared if type(declared) is list or type(declared) is tuple else ()
    names = {*_public(_texts(namespace)), *_public(_texts(islice(listed, MAX_MEMBERS)))}
    return sorted(names)[:MAX_MEMBERS]


def _namespace(value: Any) -> dict[str, Any]:
    bases = mro(type(value))
    if has(bases, types.ModuleType):
        return dict(_items(_dict_of_module(value)))
    if has(bases, type):
        namespace: dict[str, Any] = {}
        for base in reversed(mro(value)[:-1]):
            namespace.update(_class_dict(base))
        return namespace
    return {}


def _size(part: Any) -> int:
    if type(part) is str:
        return len(part) + 3
    if type(part) is dict:
        return sum(_size(one) + 8 for one in part.values())
    if type(part) is list:
        return sum(_size(one) for one in part)
    return 8
