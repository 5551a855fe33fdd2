"""CPUs, GPUs and other accelerators of this machine, found without importing heavy libraries."""
