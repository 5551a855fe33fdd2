"""``python -m jupyter_safecoder``: the command line, where ``jupyter`` is not on the path."""

import sys

from .cli import main

sys.exit(main())
