"""Every registered loss, and inputs and targets for it."""

from __future__ import annotations

from model_playground.losses.base import LOSSES
from model_playground.losses.sampling import CLASSES, boxes, sample

__all__ = ["ALL", "CLASSES", "boxes", "sample"]

ALL = list(LOSSES)
