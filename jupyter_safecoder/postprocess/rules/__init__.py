"""Stop rules and filters, one a file: pure functions over the completion and the cell."""
