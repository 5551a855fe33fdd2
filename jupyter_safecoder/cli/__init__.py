"""``jupyter safecoder``: the command line, a file a topic."""
