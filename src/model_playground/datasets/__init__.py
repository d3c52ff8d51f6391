"""Labelled images as records: formats, import, checks and splits. Nothing here imports torch."""
