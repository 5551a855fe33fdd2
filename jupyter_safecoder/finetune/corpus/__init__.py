"""The training corpus: finds files, filters, removes duplicates, redacts, and holds out."""
