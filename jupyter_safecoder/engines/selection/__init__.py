"""Which engine, device and precision run a model on this machine."""
