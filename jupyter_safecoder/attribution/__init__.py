"""Finds where code comes from: an index of source files, and what of a text is in it.

The index has fingerprints, no text. :mod:`.sequence` has the method, :mod:`.index_file` the format.
"""
