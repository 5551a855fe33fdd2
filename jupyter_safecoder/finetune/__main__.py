"""``python -m jupyter_safecoder.finetune DIRECTORY``: runs the job of a directory."""

import sys
from pathlib import Path

from jupyter_safecoder.finetune.jobs.worker import main

sys.exit(main(Path(sys.argv[1])))
