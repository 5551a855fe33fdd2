"""Continuous batching for engines that keep the KV cache themselves, in a fixed number of slots."""
