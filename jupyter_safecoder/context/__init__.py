"""What a notebook's kernel and project know about the names in its cells."""
