"""The checks of the installation: one that fails has a reason and does not hide the others."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.cli import doctor
from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.errors import CheckFailed, ModelError, RuntimeRequestError
from jupyter_safecoder.settings import RuntimeSettings


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the checks that load a model."""
    monkeypatch.setattr(doctor, "_engine", lambda settings, facts: "engine")
    monkeypatch.setattr(doctor, "_model", lambda settings: "model")
    monkeypatch.setattr(doctor, "_runtime", lambda settings, facts: "runtime")
    monkeypatch.setattr(doctor, "_lab_extension", lambda: "lab")


def _checks(report: dict[str, Any]) -> dict[str, Any]:
    return {check["name"]: check for check in report["checks"]}


@pytest.mark.usefixtures("healthy")
def test_each_check_has_a_detail() -> None:
    report = doctor.diagnose(RuntimeSettings("m"))
    assert report["model"] == "m"
    for check in report["checks"]:
        assert set(check) == {"name", "ok", "detail", "remedy"}
        assert check["detail"]
        assert check["ok"] == (check["remedy"] == "")
    assert report["ok"] == all(check["ok"] for check in report["checks"])


@pytest.mark.usefixtures("healthy")
def test_a_check_that_fails_has_a_remedy_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> str:
        raise CheckFailed("It is old.", "Install a newer one.")

    monkeypatch.setattr(doctor, "_jupyterlab", fail)
    report = doctor.diagnose(RuntimeSettings("m"))
    checks = _checks(report)
    assert report["ok"] is False
    assert (checks["jupyterlab"]["detail"], checks["jupyterlab"]["remedy"]) == (
        "It is old.",
        "Install a newer one.",
    )
    assert checks["runtime"]["ok"]


@pytest.mark.parametrize(
    ("memory", "ok"), [(None, True), (5 * 10**9, True), (10**8, False)], ids=str
)
def test_memory(memory: int | None, ok: bool) -> None:
    found = [Accelerator("cpu", "CPU", memory=memory)]
    if ok:
        assert doctor._memory(found)
    else:
        with pytest.raises(CheckFailed, match=r"0\.1 GB are free"):
            doctor._memory(found)


@pytest.mark.parametrize("version", [None, "4.3.9", "3.6"])
def test_jupyterlab_that_is_missing_or_old(
    monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    monkeypatch.setattr(doctor, "_version", lambda package: version)
    with pytest.raises(CheckFailed) as raised:
        doctor._jupyterlab()
    assert raised.value.remedy == "pip install 'jupyter-safecoder[lab]'"


def test_errors_of_the_model_and_of_the_runtime_are_failed_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_model(settings: RuntimeSettings) -> None:
        raise ModelError("No model.", "Take one.")

    def no_runtime() -> None:
        raise RuntimeRequestError("No runtime.", "Start one.")

    monkeypatch.setattr(doctor, "resolve_base_model", no_model)
    monkeypatch.setattr(doctor, "running_runtime", no_runtime)
    with pytest.raises(CheckFailed, match=r"No model\.") as raised:
        doctor._model(RuntimeSettings())
    assert raised.value.remedy == "Take one."
    with pytest.raises(CheckFailed, match=r"No runtime\.") as raised:
        doctor._runtime(RuntimeSettings(), {})
    assert raised.value.remedy == "Start one."
