"""Optimum Neuron is not installed here: the engine reports what to install."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model


def test_without_its_package_it_reports_what_to_install() -> None:
    with pytest.raises(EngineError) as raised:
        make_engine("neuron", resolve_model(EMBEDDED), EngineOptions()).load()
    assert "Optimum Neuron cannot be imported" in raised.value.reason
    assert "optimum-neuron" in raised.value.remedy
