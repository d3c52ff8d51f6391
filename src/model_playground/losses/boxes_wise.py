"""Wise-IoU: an IoU loss that weighs a pair by how its loss compares with the usual one."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Circumstance, Traits
from model_playground.core.errors import InvalidError
from model_playground.losses.base import ratio, register
from model_playground.losses.boxes_geometry import Geometry
from model_playground.losses.boxes_overlap import OverlapBoxLoss

LEAST_MEAN = 1e-6
"""What the running mean counts as at least: every loss would be infinitely unusual beside 0."""


LARGEST_EXPONENT = 60.0
"""e to the power of 88 is the end of float32, and a factor is multiplied by losses and slopes."""


@register
class WiseIoUBoxLoss(OverlapBoxLoss):
    r"""Wise-IoU: the overlap, weighed by the distance and by how unusual the pair is.

    Version v1 raises the loss of pairs whose centres are apart. Version v3 also compares the loss
    of a pair with the running mean of all pairs: pairs of ordinary quality are pulled hardest, the
    good ones and the hopeless ones (mostly wrong labels) less. The mean is learnt in training
    alone and saved with the model, so its losses are not comparable between epochs.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} r_j R_j L_j, \qquad L = 1 - \frac{I}{U}, \qquad
        R = \exp \frac{\rho^2}{c^2}, \qquad
        r = \frac{\beta}{\delta \, \alpha^{\beta - \delta}}, \qquad \beta = \frac{L}{\bar{L}}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        \rho: the distance between the centres of the two boxes
        c: the diagonal of the smallest box around both, held constant in the gradient
        r: the focusing factor, held constant in the gradient; 1 in version v1
        \beta: how unusual a pair is
        \bar{L}: the running mean of L in training, 1 at the start
        \alpha, \delta: alpha and delta, where r has its peak and how it falls; r is 1 at β = δ
    Lowest value:
        0, when the boxes are the same
    Uninformed guess:
        Between 1 and 2.7 for boxes that do not touch, in version v1; in v3 it depends on the mean
    Prefer:
        For boxes judged by IoU with truths of which some are wrong (v3); v1 needs no state.
    Avoid:
        Where losses have to be compared between epochs or runs, or decide when to stop (v3).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0. The mean is updated after each call in training mode with gradients switched on,
        and stands in the state_dict as `mean_loss`.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # L = 0.75, R = exp(2.25 / 17) = 1.1415
        >>> WiseIoUBoxLoss(version="v1")(left, right).item()
        0.85613...
        >>> WiseIoUBoxLoss()(left, right).item()   # r = 0.75 / (3 · 1.9^(0.75 - 3)) = 1.0595
        0.90714...

    Reference:
        Tong et al., Wise-IoU, arXiv 2301.10051
    """

    name = "wise_iou_box"
    title = "Wise-IoU (boxes)"
    suits = (Circumstance.WRONG_LABELS,)
    traits = Traits(
        pairwise=True,
        stateful=True,
        scale_free=True,
        detached=("the diagonal around both boxes", "the focusing factor"),
    )

    version: Literal["v1", "v3"] = Field(
        default="v3", description="v1 has no memory; v3 compares with the running mean"
    )
    alpha: float = Field(
        default=1.9, gt=1, description="v3: how fast the factor falls for unusual pairs"
    )
    delta: float = Field(
        default=3.0, gt=0, description="v3: how many times the mean a loss with factor 1 is"
    )
    momentum: float = Field(
        default=0.01, gt=0, le=1, description="v3: the share of the latest batch in the mean"
    )

    def __post_init__(self) -> None:
        if self.version == "v3":
            if self.delta * math.log(self.alpha) > LARGEST_EXPONENT:
                raise InvalidError(
                    "loss.wise_iou",
                    "delta={delta:g} is refused with alpha={alpha:g}: alpha^delta is no number any "
                    "more; delta · ln(alpha) is at most {most:g}",
                    delta=self.delta,
                    alpha=self.alpha,
                    most=LARGEST_EXPONENT,
                )
            self.register_buffer("mean_loss", torch.ones(()))

    def of(self, pair: Geometry) -> Tensor:
        lost = 1 - pair.iou
        around = pair.around.square().sum(1).detach()
        value = torch.exp(ratio(pair.shift.square().sum(1), around)) * lost
        if self.version == "v1":
            return value
        factor = self._focus(lost).detach()
        if self.training and torch.is_grad_enabled():
            self._learn(lost.detach())
        return factor * value

    @property
    def _mean(self) -> Tensor:
        assert isinstance(self.mean_loss, Tensor)
        return self.mean_loss

    def _focus(self, lost: Tensor) -> Tensor:
        unusual = lost / self._mean.clamp(min=LEAST_MEAN)
        return unusual / self.delta * self.alpha ** (self.delta - unusual)

    def _learn(self, lost: Tensor) -> None:
        if lost.numel():
            latest = lost.mean().to(self._mean)
            # One batch that is no number would otherwise be remembered for ever.
            self._mean.lerp_(torch.where(latest.isfinite(), latest, self._mean), self.momentum)
