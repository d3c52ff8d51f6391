"""Losses between matched pairs of boxes by their overlap: the IoU family. A pair is the unit."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Circumstance, Traits
from model_playground.losses import kernels
from model_playground.losses.base import Addend, in_float32, ratio, register
from model_playground.losses.boxes import BoxLoss
from model_playground.losses.boxes_geometry import Geometry, area, geometry
from model_playground.losses.kernels.boxes import (
    CIoUKernel,
    DIoUKernel,
    EIoUKernel,
    GIoUKernel,
    IoUKernel,
    OverlapKernel,
    costs,
)

SMALLEST_IOU = 1e-6
"""The IoU from which on its logarithm does not grow any more."""

POINT = 1e-30
"""A squared diagonal, as a share of the one around the pair, below which a box has no shape."""


class OverlapBoxLoss(BoxLoss):
    """What the IoU family shares: each loss is a formula of a pair's geometry."""

    traits = Traits(pairwise=True, scale_free=True)

    def of(self, pair: Geometry) -> Tensor:
        """Return the loss of every pair, (M,)."""
        raise NotImplementedError

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return self.of(geometry(input, target))

    def block_kernel(self) -> OverlapKernel | None:
        """Return the kernel of this loss, None if it has none."""
        return None

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        kernel = self.block_kernel()
        if kernel is None or target.requires_grad:
            return None
        if input.is_cuda and torch.float64 in (input.dtype, target.dtype):
            return None  # the pass there is in float32
        value = costs(input, target, kernel, self._formula)
        return (Addend(self.name, 1.0, value, value.new_ones(()).expand_as(value)),)

    def _formula(self, input: Tensor, target: Tensor) -> Tensor:
        return self.cost(in_float32(input), in_float32(target))

    def unreduced(self, input: Tensor, target: Tensor) -> Tensor:
        if kernels.apply_to(input):
            found = self.fast_addends(input, target, per_image=True)
            if found is not None:
                return found[0].value
        return super().unreduced(input, target)


@register
class IoUBoxLoss(OverlapBoxLoss):
    r"""IoU: how little two boxes overlap, as a share of the area they cover together.

    Small and large boxes count alike. Boxes that do not touch cost the same however far apart
    they are, so they get no direction.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j}, \qquad \text{or} \qquad
        \frac{1}{M} \sum_{j=1}^{M} -\ln \frac{I_j}{U_j}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
    Lowest value:
        0, when the boxes are the same; 1 is the upper limit, and 13.8 that of the logarithm
    Uninformed guess:
        1 for boxes that do not touch; 13.8 with the logarithm
    Prefer:
        For pairs that overlap from the start, when nothing but their IoU is judged; the
        logarithm where poor overlaps should be pulled hardest.
    Avoid:
        Where predictions may miss their truth altogether (GIoU, DIoU).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0. The logarithm is that of 0.000001 at least.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # I = 1, U = 2 + 3 - 1 = 4
        >>> IoUBoxLoss()(left, right).item()   # 1 - 1 / 4
        0.75
        >>> IoUBoxLoss(form="log")(left, right).item()   # ln 4
        1.38629...

    Reference:
        Yu et al., UnitBox: An Advanced Object Detection Network, arXiv 1608.01471
    """

    name = "iou_box"
    title = "IoU (boxes)"

    form: Literal["linear", "log"] = Field(
        default="linear", description="linear is 1 - IoU; log is -ln IoU"
    )

    def of(self, pair: Geometry) -> Tensor:
        if self.form == "log":
            return -pair.iou.clamp(min=SMALLEST_IOU).log()
        return 1 - pair.iou

    def block_kernel(self) -> OverlapKernel | None:
        return IoUKernel() if self.form == "linear" else None


@register
class GIoUBoxLoss(OverlapBoxLoss):
    r"""Generalised IoU: how little two boxes overlap, and how far apart they are if they do not.

    The overlap is the shared area over the joint area, so that small and large boxes count alike.
    Boxes that do not touch still get a direction: the smallest box around both has to shrink.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{C_j - U_j}{C_j}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        C: the area of the smallest box around all corners of both
    Lowest value:
        0, when the boxes are the same; 2 is the upper limit, for boxes far apart
    Uninformed guess:
        Between 1 and 2 for boxes that do not touch
    Prefer:
        For boxes judged by IoU: the default.
    Avoid:
        For encoded offsets; and where boxes lie inside each other for long, which leaves it no
        more to say than IoU.
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # I = 1, U = 2 + 3 - 1 = 4, C = 4
        >>> GIoUBoxLoss()(left, right).item()   # 1 - 1 / 4 + (4 - 4) / 4
        0.75

    Reference:
        Rezatofighi et al., Generalized Intersection over Union, arXiv 1902.09630
    """

    name = "giou_box"
    title = "GIoU (boxes)"

    def of(self, pair: Geometry) -> Tensor:
        around = area(pair.around)
        return 1 - pair.iou + ratio(around - pair.union, around)

    def block_kernel(self) -> OverlapKernel:
        return GIoUKernel()


@register
class DIoUBoxLoss(OverlapBoxLoss):
    r"""Distance IoU: how little two boxes overlap, and how far apart their centres are.

    The distance is a share of the diagonal around both boxes, so it has a direction for boxes
    that do not touch, and for boxes inside each other.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{\rho_j^2}{c_j^2}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        \rho: the distance between the centres of the two boxes
        c: the diagonal of the smallest box around both
    Lowest value:
        0, when the boxes are the same; 2 is the upper limit, for boxes far apart
    Uninformed guess:
        Between 1 and 2 for boxes that do not touch
    Prefer:
        For boxes judged by IoU, where GIoU is slow to bring the centres together.
    Avoid:
        For encoded offsets; and where the proportions of the boxes are what is hard (CIoU, EIoU).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # centres 1.5 apart; 4² + 1² around
        >>> DIoUBoxLoss()(left, right).item()   # 1 - 1 / 4 + 2.25 / 17
        0.88235...

    Reference:
        Zheng et al., Distance-IoU Loss, arXiv 1911.08287
    """

    name = "diou_box"
    title = "DIoU (boxes)"

    def of(self, pair: Geometry) -> Tensor:
        return 1 - pair.iou + pair.distance

    def block_kernel(self) -> OverlapKernel:
        return DIoUKernel()


@register
class CIoUBoxLoss(OverlapBoxLoss):
    r"""Complete IoU: overlap, distance of the centres, and how different the proportions are.

    The proportions, compared as angles, gain weight as the overlap grows. That weight is a choice
    between the terms and is held constant in the gradient.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{\rho_j^2}{c_j^2} + \alpha_j v_j,
        \qquad v = \frac{4}{\pi^2} \left( \arctan \frac{w}{h} - \arctan \frac{\hat{w}}{\hat{h}}
        \right)^2, \qquad \alpha = \frac{v}{1 - I / U + v}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        \rho: the distance between the centres of the two boxes
        c: the diagonal of the smallest box around both
        v: how different the proportions are, between 0 and 1
        \alpha: the weight of the proportions, held constant in the gradient
        w, h: width and height of the true box, with a hat of the predicted one
    Lowest value:
        0, when the boxes are the same; it stays below 3
    Uninformed guess:
        Between 1 and 3 for boxes that do not touch
    Prefer:
        For boxes judged by IoU whose proportions vary much: poles, beams, vehicles.
    Avoid:
        For encoded offsets; and where width and height are wrong in the same proportion, which
        it does not see (EIoU).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0. A point has no proportions: v is 0 then.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])
        >>> # v = 4/π² · (arctan 3 - arctan 2)² = 0.0081603, α = v / (0.75 + v) = 0.0107634
        >>> CIoUBoxLoss()(left, right).item()   # 1 - 1 / 4 + 2.25 / 17 + α v
        0.88244...

    Reference:
        Zheng et al., Distance-IoU Loss, arXiv 1911.08287
    """

    name = "ciou_box"
    title = "CIoU (boxes)"
    traits = Traits(pairwise=True, scale_free=True, detached=("the weight α of the proportions",))

    def of(self, pair: Geometry) -> Tensor:
        v = _difference_of_proportions(pair)
        alpha = ratio(v, 1 - pair.iou + v).detach()
        return 1 - pair.iou + pair.distance + alpha * v

    def block_kernel(self) -> OverlapKernel:
        return CIoUKernel()


def _difference_of_proportions(pair: Geometry) -> Tensor:
    """Return 4/π² times the squared difference of the angles whose tangent is width / height."""
    sizes = torch.stack([pair.predicted, pair.true])
    shapeless = sizes.square().sum(2) < POINT  # an angle would have no slope there
    width, height = sizes.unbind(2)
    predicted, true = torch.atan2(width, height.where(~shapeless, 1)).unbind()
    v = (4 / math.pi**2) * (true - predicted).square()
    return v.where(~shapeless.any(0), 0)


@register
class EIoUBoxLoss(OverlapBoxLoss):
    r"""Efficient IoU: overlap, distance of the centres, and differences of width and of height.

    Width and height are compared each on its own, as shares of the box around both, where CIoU
    compares their proportion only.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{\rho_j^2}{c_j^2}
        + \frac{(\hat{w}_j - w_j)^2}{C_{w,j}^2} + \frac{(\hat{h}_j - h_j)^2}{C_{h,j}^2}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        \rho: the distance between the centres of the two boxes
        c: the diagonal of the smallest box around both
        w, h: width and height of the true box, with a hat of the predicted one
        C_w, C_h: width and height of the smallest box around both
    Lowest value:
        0, when the boxes are the same; it stays below 4
    Uninformed guess:
        Between 1 and 4 for boxes that do not touch
    Prefer:
        For boxes judged by IoU whose sizes are hard to find.
    Avoid:
        For encoded offsets; and for boxes that do not touch, where it may rather stretch a box
        than move it (DIoU).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # widths 2 and 3, 4 around
        >>> EIoUBoxLoss()(left, right).item()   # 1 - 1 / 4 + 2.25 / 17 + 1 / 16 + 0
        0.94485...

    Reference:
        Zhang et al., Focal and Efficient IoU Loss, arXiv 2101.08158
    """

    name = "eiou_box"
    title = "EIoU (boxes)"

    def of(self, pair: Geometry) -> Tensor:
        sizes = ratio(pair.predicted - pair.true, pair.around).square().sum(1)
        return 1 - pair.iou + pair.distance + sizes

    def block_kernel(self) -> OverlapKernel:
        return EIoUKernel()


@register
class SIoUBoxLoss(OverlapBoxLoss):
    r"""SCYLLA-IoU: overlap, a distance that prefers one axis at a time, and a shape.

    The distance of the centres counts less where they lie diagonally, so that a box is brought
    onto the nearer axis first and then along it.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{\Delta_j + \Omega_j}{2}, \qquad
        \Delta = \sum_{t=x,y} \left( 1 - e^{-(2 - \Lambda) \rho_t} \right), \qquad
        \Lambda = 1 - 2 \sin^2 \left( \arcsin \frac{|s_y|}{\sigma} - \frac{\pi}{4} \right), \qquad
        \Omega = \sum_{t=w,h} \left( 1 - e^{-\omega_t} \right)^\theta
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        \Lambda: the angle cost, 0 on an axis and 1 on a diagonal; it equals 2 |s_x s_y| / σ²
        s_x, s_y: the shift between the centres of the two boxes
        \sigma: its length
        \rho_x, \rho_y: the square of the shift as a share of the box around both
        \omega_w, \omega_h: the difference of the widths, of the heights, as a share of the larger
        \theta: theta, how little small differences of shape count
    Lowest value:
        0, when the boxes are the same; it stays below 3
    Uninformed guess:
        Between 1 and 3 for boxes that do not touch
    Prefer:
        For boxes judged by IoU, where DIoU is slow to bring the centres together.
    Avoid:
        For encoded offsets; and where a plain formula is wanted (GIoU, DIoU).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # on an axis: Λ = 0; ρ_x = (1.5 / 4)²
        >>> # Δ = 1 - exp(-2 · 0.140625) = 0.2452, Ω = (1 - exp(-1 / 3))⁴ = 0.0065
        >>> SIoUBoxLoss()(left, right).item()   # 1 - 1 / 4 + (Δ + Ω) / 2
        0.87580...

    Reference:
        Gevorgyan, SIoU Loss: More Powerful Learning for Bounding Box Regression, arXiv 2205.12740
    """

    name = "siou_box"
    title = "SIoU (boxes)"

    theta: float = Field(
        default=4.0, ge=1, description="how little small differences of shape count; 2 to 6"
    )

    def of(self, pair: Geometry) -> Tensor:
        sideways, upright = pair.shift.abs().unbind(1)
        angle = ratio(2 * sideways * upright, pair.shift.square().sum(1))
        rho = ratio(pair.shift, pair.around).square()
        distance = -torch.expm1((angle - 2).unsqueeze(1) * rho).sum(1)
        omega = ratio((pair.predicted - pair.true).abs(), torch.maximum(pair.predicted, pair.true))
        shape = (-torch.expm1(-omega)).pow(self.theta).sum(1)
        return 1 - pair.iou + (distance + shape) / 2


@register
class AlphaIoUBoxLoss(OverlapBoxLoss):
    r"""Alpha-IoU: the overlap to a power, which pulls hardest on boxes that are nearly right.

    The slope grows with the overlap, so that good pairs are made better still, and poor ones do not
    outweigh them.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \left( \frac{I_j}{U_j} \right)^\alpha
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        \alpha: alpha, the power; 1 is the IoU loss
    Lowest value:
        0, when the boxes are the same; 1 is the upper limit
    Uninformed guess:
        1 for boxes that do not touch
    Prefer:
        For boxes judged at high IoU, and for truths that are drawn roughly: the pairs that fit
        best count most.
    Avoid:
        At the start of a training and where predictions may miss their truth (GIoU): pairs that
        overlap little are hardly pulled.
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # I = 1, U = 2 + 3 - 1 = 4
        >>> AlphaIoUBoxLoss()(left, right).item()   # 1 - (1 / 4)³
        0.984375

    Reference:
        He et al., Alpha-IoU, arXiv 2110.13675
    """

    name = "alpha_iou_box"
    title = "Alpha-IoU (boxes)"

    alpha: float = Field(
        default=3.0, ge=1, description="the power of the IoU: more pulls harder on good overlaps"
    )

    def of(self, pair: Geometry) -> Tensor:
        return 1 - pair.iou.pow(self.alpha)


@register
class MPDIoUBoxLoss(OverlapBoxLoss):
    r"""IoU and corner distances: the overlap, and how far the two corners are apart in the image.

    The distances of the upper left and of the lower right corners say at once where a box is and
    how large; they are measured by the diagonal of the image.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{d_{1,j}^2 + d_{2,j}^2}{W^2 + H^2}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        d_1, d_2: the distance of the upper left corners, and of the lower right ones
        W, H: image_width and image_height
    Lowest value:
        0, when the boxes are the same; it stays below 3 inside the image
    Uninformed guess:
        Between 1 and 3 for boxes that do not touch
    Prefer:
        For boxes judged by IoU, in place of separate terms for distance and size.
    Avoid:
        For images of different sizes in one batch, and for small objects, whose corners are
        always near by the measure of the image (DIoU, EIoU).
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height, and a pair without any area has an IoU
        of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # corners 1 and 2 apart
        >>> loss = MPDIoUBoxLoss(image_width=4, image_height=3)
        >>> loss(left, right).item()   # 1 - 1 / 4 + (1 + 4) / (16 + 9)
        0.95000...

    Reference:
        Ma and Xu, MPDIoU: A Loss for Efficient and Accurate Bounding Box Regression,
        arXiv 2307.07662
    """

    name = "mpdiou_box"
    title = "MPDIoU (boxes)"
    suffers = (Circumstance.SMALL_OBJECTS,)
    traits = Traits(pairwise=True)

    image_width: float = Field(
        default=640.0, gt=0, description="of the network's input, in the unit of the boxes"
    )
    image_height: float = Field(
        default=640.0, gt=0, description="of the network's input, in the unit of the boxes"
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        diagonal = math.hypot(self.image_width, self.image_height)
        corners = ((input - target) / diagonal).square().sum(1)
        return 1 - geometry(input, target).iou + corners


@register
class NWDBoxLoss(OverlapBoxLoss):
    r"""Normalised Wasserstein distance: how far apart two boxes are as clouds of points.

    A box is taken as a normal distribution. Their distance changes smoothly even for objects of a
    few pixels, whose IoU falls to 0 with the smallest shift.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \exp \left( -\frac{1}{C} \sqrt{(\hat{x}_j - x_j)^2 +
        (\hat{y}_j - y_j)^2 + \tfrac{1}{4} (\hat{w}_j - w_j)^2 + \tfrac{1}{4} (\hat{h}_j - h_j)^2}
        \right)
    Symbols:
        M: the number of matched pairs
        x, y: the centre of the true box, with a hat of the predicted one
        w, h: its width and height
        C: constant, a typical size of the objects
    Lowest value:
        0, when the boxes are the same; 1 is the upper limit, for boxes far apart
    Uninformed guess:
        0.63 for boxes that are C apart, 0.86 for twice as far
    Prefer:
        For objects of a few pixels: aerial views, cells.
    Avoid:
        For objects of very different sizes: a shift counts the same for all; and without
        setting the constant to the size of the objects at hand.
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,). A box whose corners are
        reversed counts as one without width or height.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # centres 1.5 apart, widths 2 and 3
        >>> NWDBoxLoss(constant=2)(left, right).item()   # 1 - exp(-√(2.25 + 1 / 4) / 2)
        0.54641...

    Reference:
        Wang et al., A Normalized Gaussian Wasserstein Distance for Tiny Object Detection,
        arXiv 2110.13389
    """

    name = "nwd_box"
    title = "Normalised Wasserstein distance (boxes)"
    suits = (Circumstance.SMALL_OBJECTS,)
    traits = Traits(pairwise=True)

    constant: float = Field(
        default=12.8, gt=0, description="a typical size of the objects, in the unit of the boxes"
    )

    def of(self, pair: Geometry) -> Tensor:
        apart = torch.cat([pair.shift, (pair.predicted - pair.true) / 2], 1)
        distance = torch.linalg.vector_norm(apart, dim=1) / pair.unit  # its slope at 0 is 0
        return -torch.expm1(-distance / self.constant)
