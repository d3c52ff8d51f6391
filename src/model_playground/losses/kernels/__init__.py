"""Fast paths: the same values as a formula, in less time and memory."""
