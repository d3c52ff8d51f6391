"""Where training and store meet: validation, the queue, running an experiment, the worker."""
