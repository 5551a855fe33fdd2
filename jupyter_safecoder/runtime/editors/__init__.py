"""The endpoints of the runtime for other editors."""
