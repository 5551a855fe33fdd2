"""``python -m jupyter_safecoder.runtime``: the child process of a server extension."""

from .process import main

main()
