"""The rules of postprocessing, one in each file: stop rules end an answer, filters shorten it."""
