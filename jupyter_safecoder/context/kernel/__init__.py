"""What a kernel knows of its names: the code that runs there, and the choice for a prompt."""
