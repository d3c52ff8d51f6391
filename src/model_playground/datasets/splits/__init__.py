"""Splits: which part an item is in, and what must stay together."""
