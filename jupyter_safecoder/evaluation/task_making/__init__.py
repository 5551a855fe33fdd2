"""Makes infilling tasks of notebooks: cuts lines, and asks a scratch kernel what it knows there."""
