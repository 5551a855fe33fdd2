"""The remote engine: completions from a server that speaks OpenAI's completion protocol."""
