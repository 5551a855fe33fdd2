"""scikit-learn counts as not installed, unless it is imported already."""

from __future__ import annotations

import pytest

from tests.support.processes import run_python

CODE = """
import importlib.util, sys, types
if {imported}:
    sys.modules["sklearn"] = module = types.ModuleType("sklearn")
    module.__spec__ = importlib.util.spec_from_loader("sklearn", None)
from jupyter_safecoder.slow_imports import skip_scikit_learn
skip_scikit_learn()
print(importlib.util.find_spec("sklearn") is not None)
try:
    import sklearn
    print(True)
except ImportError:
    print(False)
"""


@pytest.mark.parametrize("imported", [False, True])
def test_only_what_is_imported_already_is_available(imported: bool) -> None:
    done = run_python(CODE.format(imported=imported))
    assert done.stdout.split() == [str(imported)] * 2
