"""``%safecoder``: state, completions, corpus, training and adapters from a notebook."""
