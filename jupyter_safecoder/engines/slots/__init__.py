"""Continuous batching for engines that keep their own KV cache: a fixed number of slots."""
