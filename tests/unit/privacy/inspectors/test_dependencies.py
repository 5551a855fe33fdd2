"""The switches of dependencies: in the processes of SafeCoder, and in the user's own code."""

from __future__ import annotations

import pytest

from jupyter_safecoder.privacy.inspectors import INSPECTORS
from jupyter_safecoder.privacy.machine import Machine
from jupyter_safecoder.settings import RuntimeSettings

INSTALLED = dict.fromkeys(
    (
        *("huggingface-hub", "transformers", "openvino", "openvino-telemetry", "nncf"),
        *("onnxruntime", "torch"),
    ),
    "1",
)
REPORTERS = ("huggingface_hub.telemetry", "openvino.telemetry", "nncf.telemetry")


@pytest.mark.parametrize("id", REPORTERS)
def test_telemetry_is_off_in_our_processes_and_reported_for_others(id: str) -> None:
    on = INSPECTORS[id](Machine(packages=INSTALLED))
    off = INSPECTORS[id](
        Machine(packages=INSTALLED, environment={"DO_NOT_TRACK": "1"}, intel_consent="0")
    )
    assert on.safe
    assert off.safe
    assert on.text.endswith("In your own code: on.")
    assert off.text.endswith("In your own code: off.")
    assert INSPECTORS[id](Machine()).text == "Not installed."


def test_without_the_package_that_reports() -> None:
    machine = Machine(packages={"openvino": "1"})
    assert "openvino-telemetry is not installed" in INSPECTORS["openvino.telemetry"](machine).text


@pytest.mark.parametrize("id", ["huggingface_hub.requests", "transformers.requests"])
def test_libraries_are_offline_unless_downloads_are_allowed(id: str) -> None:
    offline = Machine(packages=INSTALLED, environment={"HF_HUB_OFFLINE": "1"})
    assert INSPECTORS[id](offline).text.endswith("In your own code: off.")
    allowed = Machine(RuntimeSettings(allow_downloads=True), packages=INSTALLED)
    assert not INSPECTORS[id](allowed).safe
    assert INSPECTORS[id](Machine()).text == "Not installed."


@pytest.mark.parametrize(("system", "safe"), [("Linux", True), ("Windows", False)])
def test_onnxruntime_reports_on_windows(system: str, safe: bool) -> None:
    machine = Machine(packages=INSTALLED, system=system)
    assert INSPECTORS["onnxruntime.telemetry"](machine).safe is safe
    assert INSPECTORS["onnxruntime.telemetry"](Machine(system=system)).safe


def test_caches_of_pytorch_on_other_machines() -> None:
    name = "TORCHINDUCTOR_FX_GRAPH_REMOTE_CACHE"
    state = INSPECTORS["torch.remote_cache"](Machine(packages=INSTALLED, environment={name: "1"}))
    assert not state.safe
    assert name in state.text
    off = Machine(packages=INSTALLED, environment={name: "0"})
    assert INSPECTORS["torch.remote_cache"](off).safe
    assert INSPECTORS["torch.remote_cache"](Machine()).safe


def test_pip_does_not_look_for_newer_versions_of_itself() -> None:
    assert INSPECTORS["pip.version_check"](Machine()).safe
