"""``python -m jupyter_safecoder.runtime``: what the server extension starts."""

from .process import main

main()
