"""The runtime process: who may ask, queue, cancel, count; and how to find it."""
