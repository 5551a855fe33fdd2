"""Switches off the telemetry of dependencies."""

from __future__ import annotations

import os
import sys

#: huggingface_hub and other libraries read these variables.
_NO_TELEMETRY = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def silence_telemetry(*, offline: bool = True) -> None:
    """Switch off the telemetry of dependencies; call it before they are imported.

    Parameters
    ----------
    offline
        Whether to switch off downloads of dependencies too.
    """
    os.environ.update(_NO_TELEMETRY | (_OFFLINE if offline else {}))
    # Importing openvino forks a process that reports to its vendor; its only switch is a file in
    # the user's home. If the import fails, openvino and nncf use stand-ins that send nothing.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
