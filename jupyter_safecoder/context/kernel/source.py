"""The expression that makes a kernel answer requests for names."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

#: What runs in the kernel, each file in a namespace of its own, which is no module.
_FILES = ("tables.py", "probe.py", "handler.py")
_INSTALL = """
spaces = []
for source in sources:
    spaces.append({"__name__": "safecoder"})
    exec(source, spaces[-1])
tables, probe, handler = spaces
from IPython import get_ipython
handler["install"](get_ipython().kernel, probe["describe_names"], tables["describe_table"])
"""


@cache
def install_expression() -> str:
    """Return a Python expression that adds the handler to the kernel that evaluates it.

    It leaves no name in the user's namespace, and works whatever the user has named ``exec``.
    """
    folder = files(__package__)
    sources = [folder.joinpath(name).read_text("utf-8") for name in _FILES]
    return f"__import__('builtins').exec({_INSTALL!r}, {{'sources': {sources!r}}})"
