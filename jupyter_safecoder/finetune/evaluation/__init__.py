"""Whether an adapter is better than its base: held-out lines, memorization, acceptance."""
