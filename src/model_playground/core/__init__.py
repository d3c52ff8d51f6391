"""The contracts between predictions, targets and losses. Nothing here imports torch."""
