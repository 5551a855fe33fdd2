"""The expression adds the handler, and nothing else."""

from __future__ import annotations

import ast
import types
from typing import Any

import IPython
import pytest

from jupyter_safecoder.context.kernel.handler import REQUEST
from jupyter_safecoder.context.kernel.source import install_expression


def test_the_expression_works_whatever_the_user_has_named(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = types.SimpleNamespace(control_handlers={})
    shell = types.SimpleNamespace(kernel=kernel)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    user: dict[str, Any] = dict.fromkeys(("exec", "str", "type", "get_ipython", "sources", "list"))
    before = dict(user)
    ast.parse(install_expression(), mode="eval", feature_version=(3, 8))
    assert eval(install_expression(), user, user) is None
    del user["__builtins__"]
    assert user == before
    assert list(kernel.control_handlers) == [REQUEST]
