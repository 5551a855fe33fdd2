"""``python -m jupyter_safecoder.adapters.merge_worker``: merge what one JSON line on its input says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.telemetry import silence_telemetry

from .network import merge


def main() -> None:
    """Merge."""
    silence_telemetry()
    job = json.loads(sys.stdin.read())
    merge(resolve_model(job["model"]), Path(job["adapter"]), Path(job["target"]))


if __name__ == "__main__":
    main()
