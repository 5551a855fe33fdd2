"""``python -m jupyter_safecoder.finetune.merging``: merge what one JSON line on its input says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ..models import find_model
from ..runtime.process import silence_telemetry
from .network import merge


def main() -> None:
    """Merge."""
    silence_telemetry()
    job = json.loads(sys.stdin.read())
    merge(find_model(job["model"]), Path(job["adapter"]), Path(job["target"]))


if __name__ == "__main__":
    main()
