"""The cards of models and adapters on the command line, and what they verify."""
