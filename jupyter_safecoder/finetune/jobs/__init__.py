"""Fine-tuning jobs: their files, their processes, and the backends that run them."""
