"""One file a task: its slots, what their targets look like, and its default losses and metrics."""
