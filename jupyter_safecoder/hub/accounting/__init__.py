"""What is recorded: the audit log, usage counts, events. Never text."""
