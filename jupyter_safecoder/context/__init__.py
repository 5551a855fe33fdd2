"""What the kernel and the project of a notebook know."""
