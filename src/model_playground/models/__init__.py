"""One file an architecture; what they build stands in `networks`."""
