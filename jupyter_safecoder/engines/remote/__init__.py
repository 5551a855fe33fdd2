"""The remote engine: completions from a server of the OpenAI completions protocol."""
