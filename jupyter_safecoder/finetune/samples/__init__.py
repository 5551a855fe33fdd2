"""From documents to packed training samples: FIM spans, prompts, prefix trees, batches."""
