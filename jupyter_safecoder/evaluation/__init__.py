"""Quality and speed of completions on this machine: infilling tasks, typing, concurrent users."""
