"""Where data could go from this machine: a table, and the state of each of its rows here."""
