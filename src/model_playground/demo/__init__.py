"""The demo: four questions about losses, answered by training on data the program draws itself.

It uses nothing but `model_playground.api` and the drawn data, and so is also an example of both.
"""

from model_playground.demo.run import run_demo

__all__ = ["run_demo"]
