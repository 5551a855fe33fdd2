"""``python -m jupyter_safecoder.finetune DIRECTORY``: work on the job of a directory."""

import sys
from pathlib import Path

from jupyter_safecoder.finetune.jobs.runner import main

sys.exit(main(Path(sys.argv[1])))
