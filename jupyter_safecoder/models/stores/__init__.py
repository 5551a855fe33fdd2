"""The stores of other programs, whose models are read in place."""
