"""Metrics: what a model is judged by, in figures that mean something to people."""
