"""``%safecoder``: status, completions, corpus, training and adapters in a notebook."""
