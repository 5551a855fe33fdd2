"""Merges an adapter into its base model, in a child process: ``python -m`` with this module.

The job has ``model``, ``adapter`` and ``target``. The only message is ``error``, with
``disk_full``, if the merge fails; the exit status is 0 once ``target`` is complete.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.telemetry import silence_telemetry

from .network import merge

#: What the system says of a full disk, of a quota, of the maximum size of a file.
_FULL = ("No space left", "Disk quota exceeded", "File too large")


def main() -> int:
    """Do the job of the parent; returns the exit status."""
    silence_telemetry()
    job = read_job()
    stop_with_parent()
    send = message_sender()
    try:
        merge(resolve_model(job["model"]), Path(job["adapter"]), Path(job["target"]))
    except Exception as error:  # noqa: BLE001 - whatever a library raises becomes a sentence
        text = str(error).strip()
        reason = f"{type(error).__name__}: {text.rpartition(chr(10))[2]}"[:200]
        send({"error": reason, "disk_full": any(words in text for words in _FULL)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
