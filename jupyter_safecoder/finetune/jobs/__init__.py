"""Fine-tuning jobs: their directory, their process, and where they run."""
