"""What the runtime can do, measured: each figure comes from a command that anybody can run."""
