"""Training samples: FIM spans, prompts, prefix trees, and their order."""
