"""The administrators' dashboard, and the Prometheus metrics."""
