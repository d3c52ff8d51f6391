"""Model Playground: which model, trained with which loss, will work on unseen images?

Importing this package imports nothing heavy. The losses are in `model_playground.losses`,
everything the page and the command line can do is in `model_playground.api`.
"""

__version__ = "0.1.0"
