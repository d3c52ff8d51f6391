"""Loss functions that stand on their own: torch and pydantic are all they need.

    >>> import torch
    >>> from model_playground.losses import CrossEntropyLoss
    >>> loss = CrossEntropyLoss(label_smoothing=0.1)
    >>> loss(torch.zeros(2, 3), torch.tensor([0, 2])).item()   # guessing costs ln 3
    1.09861...

A name is imported when it is first used, so that what needs no torch (`losses.catalogue`) does
not wait for it; `__all__`, which `import *` and pydoc ask for, is such a name too. A loss in a new
file of this folder is found without being listed here; the names below are for editors and type
checkers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_playground.losses.base import Addend as Addend
    from model_playground.losses.base import Loss as Loss
    from model_playground.losses.base import WeightedSum as WeightedSum
    from model_playground.losses.base import register as register
    from model_playground.losses.binary import BinaryCrossEntropyLoss as BinaryCrossEntropyLoss
    from model_playground.losses.boundary import BoundaryLoss as BoundaryLoss
    from model_playground.losses.boxes import BalancedL1BoxLoss as BalancedL1BoxLoss
    from model_playground.losses.boxes import L1BoxLoss as L1BoxLoss
    from model_playground.losses.boxes import SmoothL1BoxLoss as SmoothL1BoxLoss
    from model_playground.losses.boxes_any import (
        BoundingBoxRegressionLoss as BoundingBoxRegressionLoss,
    )
    from model_playground.losses.boxes_overlap import AlphaIoUBoxLoss as AlphaIoUBoxLoss
    from model_playground.losses.boxes_overlap import CIoUBoxLoss as CIoUBoxLoss
    from model_playground.losses.boxes_overlap import DIoUBoxLoss as DIoUBoxLoss
    from model_playground.losses.boxes_overlap import EIoUBoxLoss as EIoUBoxLoss
    from model_playground.losses.boxes_overlap import GIoUBoxLoss as GIoUBoxLoss
    from model_playground.losses.boxes_overlap import IoUBoxLoss as IoUBoxLoss
    from model_playground.losses.boxes_overlap import MPDIoUBoxLoss as MPDIoUBoxLoss
    from model_playground.losses.boxes_overlap import NWDBoxLoss as NWDBoxLoss
    from model_playground.losses.boxes_overlap import SIoUBoxLoss as SIoUBoxLoss
    from model_playground.losses.boxes_wise import WiseIoUBoxLoss as WiseIoUBoxLoss
    from model_playground.losses.checks import ProbabilitiesWarning as ProbabilitiesWarning
    from model_playground.losses.checks import check_values as check_values
    from model_playground.losses.class_weights import balanced_weights as balanced_weights
    from model_playground.losses.class_weights import (
        effective_number_weights as effective_number_weights,
    )
    from model_playground.losses.cross_entropy import CrossEntropyLoss as CrossEntropyLoss
    from model_playground.losses.cross_entropy import Poly1Loss as Poly1Loss
    from model_playground.losses.cross_entropy_iou import (
        CrossEntropyIoULoss2D as CrossEntropyIoULoss2D,
    )
    from model_playground.losses.focal import AsymmetricLoss as AsymmetricLoss
    from model_playground.losses.focal import BinaryFocalLoss as BinaryFocalLoss
    from model_playground.losses.focal import FocalLoss as FocalLoss
    from model_playground.losses.lovasz import LovaszLoss as LovaszLoss
    from model_playground.losses.mask import (
        BinaryCrossEntropyDiceMaskLoss as BinaryCrossEntropyDiceMaskLoss,
    )
    from model_playground.losses.noisy_labels import (
        GeneralisedCrossEntropyLoss as GeneralisedCrossEntropyLoss,
    )
    from model_playground.losses.noisy_labels import (
        SymmetricCrossEntropyLoss as SymmetricCrossEntropyLoss,
    )
    from model_playground.losses.overlap import DiceLoss as DiceLoss
    from model_playground.losses.overlap import FocalTverskyLoss as FocalTverskyLoss
    from model_playground.losses.overlap import SoftIoULoss as SoftIoULoss
    from model_playground.losses.overlap import TverskyLoss as TverskyLoss
    from model_playground.losses.regression import HuberLoss as HuberLoss
    from model_playground.losses.regression import L1Loss as L1Loss
    from model_playground.losses.regression import LogCoshLoss as LogCoshLoss
    from model_playground.losses.regression import MSELoss as MSELoss
    from model_playground.losses.regression import MSLELoss as MSLELoss
    from model_playground.losses.regression import QuantileLoss as QuantileLoss
    from model_playground.losses.regression import SmoothL1Loss as SmoothL1Loss

_BESIDE_LOSSES = {
    "Addend": "base",
    "Loss": "base",
    "ProbabilitiesWarning": "checks",
    "WeightedSum": "base",
    "balanced_weights": "class_weights",
    "effective_number_weights": "class_weights",
    "register": "base",
    "check_values": "checks",
}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return _public_names()
    if name in _BESIDE_LOSSES:
        return getattr(import_module(f"{__name__}.{_BESIDE_LOSSES[name]}"), name)
    if name[0].isupper():  # a class: nothing else is worth importing torch for
        from model_playground.losses.base import LOSSES

        for loss in LOSSES:
            if loss.__name__ == name:
                return loss
    raise AttributeError(f"model_playground.losses has no {name!r}")


def _public_names() -> list[str]:
    from model_playground.losses.base import LOSSES

    return sorted([*_BESIDE_LOSSES, *(loss.__name__ for loss in LOSSES)])


def __dir__() -> list[str]:
    return sorted([*globals(), *_public_names()])
