"""``python -m jupyter_safecoder``: the command line, if ``jupyter`` is not on the path."""

import sys

from jupyter_safecoder.cli.main import main

sys.exit(main())
