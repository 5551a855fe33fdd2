"""Runs a Jupyter server for tens of thousands of requests, to see whether something grows."""
