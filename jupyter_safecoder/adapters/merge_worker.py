"""Merges an adapter into its base model, in a child process: ``python -m`` with this module.

The job has ``model``, ``adapter`` and ``target``. The only message is ``error``, with
``disk_full``, if the merge fails; the exit status is 0 once ``target`` is complete.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.slow_imports import skip_scikit_learn
from jupyter_safecoder.telemetry import silence_telemetry

from .torch_model import write_merged

#: The system's messages for a full disk, an exceeded quota, and the maximum size of a file.
_DISK_FULL = ("No space left", "Disk quota exceeded", "File too large")


def main() -> int:
    """Merge the adapter that the job names; return the exit status."""
    silence_telemetry()
    skip_scikit_learn()
    job = read_job()
    stop_with_parent()
    send = message_sender()
    try:
        write_merged(resolve_model(job["model"]), Path(job["adapter"]), Path(job["target"]))
    except Exception as error:  # noqa: BLE001 - every error of a library becomes a sentence
        text = str(error).strip()
        reason = f"{type(error).__name__}: {text.rpartition(chr(10))[2]}"[:200]
        send({"error": reason, "disk_full": any(message in text for message in _DISK_FULL)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
