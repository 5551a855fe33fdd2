"""What the HTTP handlers of runtime, server extension and Hub service share."""
