"""Training of a low-rank adapter: model, schedule, loop, checkpoints."""
