"""What every file may have is no evidence."""

from __future__ import annotations

import numpy as np
import pytest

from jupyter_safecoder.attribution.boilerplate import boilerplate
from jupyter_safecoder.attribution.repeats import hash_line

NONE = np.empty(0, np.uint32)


@pytest.mark.parametrize(
    "line",
    [
        "import numpy as np",
        "from sklearn.model_selection import train_test_split",
        "# Copyright 2020 The Authors. All rights reserved.",
        "# Licensed under the Apache License, Version 2.0",
        "#!/usr/bin/env python",
        'if __name__ == "__main__":',
        "# ------------------",
        "",
    ],
)
def test_boilerplate(line: str) -> None:
    assert boilerplate(f"{line}\n", NONE, [(0, 99)])[: len(line)].all()


@pytest.mark.parametrize("line", ["important = 1", "x = 1  # as it is", "license = read()"])
def test_code(line: str) -> None:
    assert not boilerplate(line, NONE, [(0, 99)]).any()


def test_a_line_of_many_files() -> None:
    text = "    self.name = name\nself.other = 1"
    common = np.array([hash_line("self.name=name")], np.uint32)
    assert boilerplate(text, common, [(0, len(text))]).tolist() == [True] * 20 + [False] * 15
    assert not boilerplate(text, common, [(21, 30)]).any()
