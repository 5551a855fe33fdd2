"""TrainingService jobs and adapters of the Hub's groups."""
