"""Optimum Habana is not installed here: the engine reports what to install."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model


def test_without_its_package_it_reports_what_to_install() -> None:
    with pytest.raises(EngineError) as raised:
        make_engine("habana", resolve_model(EMBEDDED), EngineOptions()).load()
    assert "Optimum Habana cannot be imported" in raised.value.reason
    assert "optimum-habana" in raised.value.remedy
