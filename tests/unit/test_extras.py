"""A missing extra is named with the command that installs it."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import FinetuneError, UnusableIndex
from jupyter_safecoder.extras import (
    CORPUS,
    INSTALL_FINETUNE,
    INSTALL_LOCAL,
    TRAINING,
    require_extra,
    require_numpy,
)


def test_the_modules_of_finetune_are_installed_here() -> None:
    require_extra(*CORPUS, *TRAINING)


def test_a_missing_module() -> None:
    with pytest.raises(FinetuneError, match="the package no_such_module is missing") as raised:
        require_extra("json", "no_such_module")
    assert INSTALL_FINETUNE in raised.value.remedy


def test_indexes_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    require_numpy()
    monkeypatch.setattr("jupyter_safecoder.extras.find_spec", lambda name: None)
    with pytest.raises(UnusableIndex, match="numpy") as raised:
        require_numpy()
    assert INSTALL_LOCAL in raised.value.remedy
