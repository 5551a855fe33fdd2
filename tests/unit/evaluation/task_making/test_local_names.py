"""What cells know of the modules of their folder."""

from __future__ import annotations

import pytest

from jupyter_safecoder.evaluation.task_making.local_names import local_names

MODULES = {
    "gridkit.py": "class Run:\n    def note(self): ...\n\ndef join(a): ...\n\ndef _own(): ...\n",
    "helpers/__init__.py": "from .io import load\n\nVERSION = 1\n",
    "helpers/io.py": "import gridkit\nfrom . import units\n\ndef load(): ...\n\ndef save(): ...\n",
    "helpers/units.py": "def minutes(): ...\n",
    "unused.py": "def unused(): ...\n",
    "broken.py": "def (:",
}


@pytest.mark.parametrize(
    ("cells", "aliases", "imported"),
    [
        (["import gridkit as gk"], {"gk": {"Run", "join"}}, set()),
        (["%matplotlib inline\nimport gridkit"], {"gridkit": {"Run", "join"}}, set()),
        (["import helpers"], {"helpers": {"load"}}, set()),
        (["from helpers import io as files"], {"files": {"load", "save"}}, set()),
        (["import helpers.io"], {"helpers.io": {"load", "save"}}, set()),
        (["from helpers.io import load as read"], {}, {"read"}),
        (["from gridkit import *"], {}, {"Run", "join"}),
        (["import numpy as np", "this is no python", "import broken"], {"broken": set()}, set()),
    ],
)
def test_imports(cells: list[str], aliases: dict[str, set[str]], imported: set[str]) -> None:
    names = local_names(cells, MODULES)
    assert {name: set(found) for name, found in names.aliases.items()} == aliases
    assert names.imported == imported


def test_what_comes_from_libraries() -> None:
    cells = ["import numpy as np, os.path", "from pandas import read_csv as read, DataFrame"]
    names = local_names([*cells, "import gridkit as gk"], MODULES)
    assert names.libraries == {"np", "os", "read", "DataFrame"}


def test_modules_that_are_imported_by_modules_come_last() -> None:
    names = local_names(["from helpers.io import load"], MODULES)
    assert names.paths == ("helpers/io.py", "gridkit.py", "helpers/__init__.py", "helpers/units.py")


def test_methods_are_members_of_what_has_their_class() -> None:
    names = local_names(["import gridkit as gk"], MODULES)
    assert names.has_member("run", "note", "Run")
    assert names.has_member("run", "note", "gridkit.Run")
    assert names.has_member("gk", "join", "")
    assert not names.has_member("run", "join", "Run")
    assert not names.has_member("other", "note", "")
