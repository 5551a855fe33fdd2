"""Request handlers that the runtime, the server extension and the Hub's service share."""
