"""What the distributions consist of: licenses of dependencies, and bills of materials."""
