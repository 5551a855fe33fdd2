"""A missing extra is named with the command that installs it."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.extras import CORPUS, INSTALL_FINETUNE, TRAINING, require_extra


def test_the_modules_of_finetune_are_installed_here() -> None:
    require_extra(*CORPUS, *TRAINING)


def test_a_missing_module() -> None:
    with pytest.raises(FinetuneError, match="the package no_such_module is missing") as raised:
        require_extra("json", "no_such_module")
    assert INSTALL_FINETUNE in raised.value.remedy
