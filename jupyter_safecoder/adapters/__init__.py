"""Low-rank adapters: the registry, merging into a base model, import of PEFT directories."""
