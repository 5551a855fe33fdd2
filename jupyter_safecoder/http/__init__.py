"""The HTTP client, and request handlers that runtime, server extension and Hub service share."""
