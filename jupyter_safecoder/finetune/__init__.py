"""Fine-tuning on a team's own notebooks: corpus, samples, training, evaluation, adapters."""
