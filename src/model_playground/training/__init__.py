"""The training loop and what it is made of. It emits events and knows no store and no server."""
