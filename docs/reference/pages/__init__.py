"""The reference pages: a function each that returns its Markdown."""
