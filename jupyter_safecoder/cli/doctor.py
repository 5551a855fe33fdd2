"""``jupyter safecoder doctor``: checks the installation and shows how to repair it."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_safecoder.clients.connection import connection_directory
from jupyter_safecoder.clients.discovery import own_runtime, running_runtime
from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.engines.hardware.probe import probe
from jupyter_safecoder.engines.selection.select import find_packages
from jupyter_safecoder.errors import CheckFailed, EngineError, ModelError, RuntimeRequestError
from jupyter_safecoder.extras import INSTALL_LAB, INSTALL_LOCAL
from jupyter_safecoder.models import verify_files
from jupyter_safecoder.protocol import Network
from jupyter_safecoder.runtime.loading import choose_engine, remote_server, resolve_base_model
from jupyter_safecoder.runtime.model_choice import choose_model
from jupyter_safecoder.settings import RuntimeSettings

from .options import add_command, add_runtime_arguments, settings
from .output import print_line, progress_spinner
from .privacy import describe_network

#: Memory that the embedded model needs, with its KV cache, in bytes.
_MIN_MEMORY = 10**9


def add_doctor_command(commands: Any) -> None:
    """Add ``doctor``."""
    help = "check the installation and show how to repair it"
    add_runtime_arguments(add_command(commands, "doctor", _doctor, help))


def _doctor(arguments: argparse.Namespace) -> int:
    with progress_spinner("Checking the installation…"):
        report = diagnose(settings(arguments))
    if arguments.json:
        print_line(json.dumps(report))
    else:
        for check in report["checks"]:
            print_line(f"{'ok ' if check['ok'] else 'BAD'} {check['name']}: {check['detail']}")
            if check["remedy"]:
                print_line(f"    → {check['remedy']}")
    return 0 if report["ok"] else 1


def diagnose(settings: RuntimeSettings) -> dict[str, Any]:
    """Check everything that a completion needs.

    Parameters
    ----------
    settings
        The settings of the runtime.

    Returns
    -------
    dict
        ``ok``; ``model``; ``engine``, ``device``, ``precision`` (empty: that of the stored
        weights) and ``why`` they were chosen; ``accelerators``, a list of ``kind``, ``name`` and
        ``detail``; ``network``, what holds the runtime to its network (``None``: it did not run);
        ``checks``, a list of ``name``, ``ok``, ``detail`` and ``remedy``.
    """
    choice = dict.fromkeys(("engine", "device", "precision", "why"))
    facts: dict[str, Any] = {
        **choice,
        "accelerators": [],
        "model": settings.model,
        "network": None,
    }
    checks = []
    found = probe()
    steps: list[tuple[str, Callable[[], str]]] = [
        ("python", _python),
        ("jupyterlab", _jupyterlab),
        ("lab extension", _lab_extension),
        ("server extension", _server_extension),
        ("memory", lambda: _memory(found)),
        ("runtime directory", _runtime_directory),
        ("accelerator", lambda: _accelerators(found, facts)),
        ("engine", lambda: _engine(settings, facts)),
        ("model", lambda: _model(settings)),
        ("runtime", lambda: _runtime(settings, facts)),
        ("network", lambda: _network(facts)),
    ]
    for name, check in steps:
        try:
            checks.append({"name": name, "ok": True, "detail": check(), "remedy": ""})
        except CheckFailed as failed:
            checks.append(
                {"name": name, "ok": False, "detail": failed.reason, "remedy": failed.remedy}
            )
    return {"ok": all(check["ok"] for check in checks), **facts, "checks": checks}


def _python() -> str:
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _jupyterlab() -> str:
    version = _version("jupyterlab")
    if version is None:
        raise CheckFailed("JupyterLab is not installed.", INSTALL_LAB)
    if tuple(int(n) for n in version.split(".")[:2]) < (4, 4):
        raise CheckFailed(f"JupyterLab {version} is older than 4.4.", INSTALL_LAB)
    notebook = _version("notebook")
    return f"JupyterLab {version}" + (f", Notebook {notebook}" if notebook else "")


def _lab_extension() -> str:
    from jupyter_core.paths import jupyter_path

    for directory in jupyter_path("labextensions"):
        if (found := Path(directory) / "jupyter-safecoder" / "package.json").is_file():
            return f"installed in {found.parent}"
    raise CheckFailed(
        "The lab extension is not installed.", "pip install --force-reinstall jupyter-safecoder"
    )


def _server_extension() -> str:
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager

    enabled: dict[str, bool] = {}
    for directory in reversed(jupyter_config_path()):
        manager = ExtensionConfigManager(read_config_path=[directory])
        enabled.update(manager.get_jpserver_extensions())  # type: ignore[no-untyped-call]
    if not enabled.get("jupyter_safecoder"):
        raise CheckFailed(
            "The server extension is not enabled.",
            "jupyter server extension enable jupyter_safecoder",
        )
    return "enabled"


def _memory(found: list[Accelerator]) -> str:
    free = next((a.memory for a in found if a.kind == "cpu"), None)
    if free is None:
        return "unknown on this system"
    if free < _MIN_MEMORY:
        raise CheckFailed(
            f"{free / 1e9:.1f} GB are free; the runtime may need {_MIN_MEMORY / 1e9:.1f} GB",
            "Close other programs or kernels.",
        )
    return f"{free / 1e9:.1f} GB free"


def _runtime_directory() -> str:
    directory = connection_directory()
    if directory is None:
        raise CheckFailed(
            "No runtime directory is private and can be written.",
            "Set JUPYTER_RUNTIME_DIR to a directory of your own, with mode 0700.",
        )
    free = shutil.disk_usage(directory).free
    if free < 2**20:
        raise CheckFailed(f"{directory} is on a full disk.", "Free some space there.")
    return str(directory)


def _accelerators(found: list[Accelerator], facts: dict[str, Any]) -> str:
    facts["accelerators"] = [{"kind": a.kind, "name": a.name, "detail": a.detail} for a in found]
    return "; ".join(f"{a.name} ({a.detail})" if a.detail else a.name for a in found)


def _engine(settings: RuntimeSettings, facts: dict[str, Any]) -> str:
    installed = find_packages()
    try:
        model = resolve_base_model(settings)
        choice = choose_engine(settings, model)
        make_engine(choice.engine, model, EngineOptions(remote=remote_server(settings)))
    except EngineError as error:
        raise CheckFailed(error.reason, error.remedy) from error
    except ModelError:
        if "openvino-genai" in installed:
            return "not chosen, because there is no model"
        raise CheckFailed("OpenVINO GenAI is not installed.", INSTALL_LOCAL) from None
    facts.update(
        engine=choice.engine, device=choice.device, precision=choice.precision, why=choice.why
    )
    chosen = " ".join(part for part in (choice.engine, choice.precision) if part)
    versions = ", ".join(f"{name} {version}" for name, version in installed.items())
    return f"{chosen}. {choice.why} ({versions})"


def _model(settings: RuntimeSettings) -> str:
    try:
        model = resolve_base_model(settings)
        verify_files(model)
    except ModelError as error:
        raise CheckFailed(error.reason, error.remedy) from error
    size = "its weights on the server" if settings.remote else f"{model.weights_bytes / 1e6:.0f} MB"
    checked = ", SHA-256 as released" if all(file.sha256 for file in model.files) else ""
    why = choose_model(settings).why
    facts = f"{model.name}, {model.family} family, license: {model.license}, {size}{checked}"
    return f"{facts}. {why}" if why else facts


def _runtime(settings: RuntimeSettings, facts: dict[str, Any]) -> str:
    try:
        with running_runtime() as running:
            if running is not None:
                status = running.wait_until_ready()
                where = "running"
            else:
                with own_runtime(settings) as own:
                    status = own.wait_until_ready()
                where = "none was running; one was started and stopped for this check"
    except RuntimeRequestError as error:
        raise CheckFailed(error.reason, error.remedy) from error
    if status.model is not None:
        facts.update(model=status.model.name, engine=status.engine)
    facts["network"] = None if status.network is None else asdict(status.network)
    return f"{status.state} ({where}), {status.engine} on {status.device}"


def _network(facts: dict[str, Any]) -> str:
    network = facts["network"]
    if network is None:
        raise CheckFailed("Not known: the runtime did not run.", "Repair the check before first.")
    return describe_network(Network(**network))
