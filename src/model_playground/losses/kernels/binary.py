"""The losses of yes-or-no answers as operations on one block: `kernels.answers` runs them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from model_playground.losses.arithmetic import LOG2_E
from model_playground.losses.kernels.answers import Block, PlainBlock


class BinaryCrossEntropyKernel(NamedTuple):
    """Binary cross-entropy; of the block's factors, the first is `pos_weight` if there is one."""

    has_pos_weight: bool

    @property
    def buffers(self) -> int:
        return 4

    def values(self, block: Block) -> Tensor:
        z, yes, no = block.scores, block.answers, block.kept
        p, not_p, surprise = block.spare[:3]
        no.sub_(yes)
        for place, factor in enumerate(block.factors):
            yes.mul_(factor)
            if place > 0 or not self.has_pos_weight:
                no.mul_(factor)
        probabilities(z, p, not_p, surprise)
        if block.slopes is not None:
            torch.mul(no, p, out=block.slopes).addcmul_(yes, not_p, value=-1)
        # -log p = surprise + max(-z, 0), and -log (1 - p) = surprise + max(z, 0)
        torch.add(yes, no, out=p)
        values = surprise.mul_(p)
        values.addcmul_(no, torch.clamp(z, min=0, out=p))
        return values.addcmul_(yes, z.clamp_(max=0), value=-1)

    @property
    def has_plain_values(self) -> bool:
        return True

    def plain_values(self, block: PlainBlock) -> Tensor:
        surprise, wrong, weight, spare = block.spare[:4]
        surprise_and_wrong(block.right, surprise, wrong, spare)
        # The factor has the sign of the slope: minus for yes.
        torch.add(one_like(weight), block.yes, alpha=-2, out=weight)
        for place, factor in enumerate(block.factors):
            if place == 0 and self.has_pos_weight:
                factor = torch.sub(1, block.yes, out=spare).addcmul_(block.yes, factor)
            weight.mul_(factor)
        if block.kept is not None:
            weight.mul_(block.kept)
        if block.slopes is not None:
            torch.mul(weight, wrong, out=block.slopes)
        return weight.abs_().mul_(surprise)


class FocalKernel(NamedTuple):
    """Binary focal loss. It goes by the likelier answer, so that nothing is lost near 0 or 1."""

    gamma: float
    alpha: float | None

    @property
    def buffers(self) -> int:
        return 4

    def values(self, block: Block) -> Tensor:
        z, y, share, slopes = block.scores, block.answers, block.kept, block.slopes
        unlikelier, less_surprise, wrong, up = block.spare[:4]
        torch.gt(z, 0, out=up)
        # Minus the factor of every answer, for it is multiplied with minus its surprise.
        if self.alpha is None:
            share.neg_()
        else:
            share.mul_(self.alpha - 1).add_(y, alpha=1 - 2 * self.alpha)
        down = z.abs_().neg_()
        torch.sigmoid(down, out=unlikelier)
        far = y.sub_(up).abs_()  # how far the truth is from the likelier answer
        torch.neg(unlikelier, out=less_surprise).log1p_().addcmul_(down, far)
        up.mul_(-2).add_(1)  # minus the derivative of |z|
        if self.gamma == 0:
            if slopes is not None:
                torch.sub(far, unlikelier, out=slopes).mul_(share).mul_(up)
            return share.mul_(less_surprise)
        turn = torch.mul(far, -2, out=down).add_(1)
        torch.addcmul(far, unlikelier, turn, out=wrong)  # 1 - π
        if slopes is not None:
            turn.mul_(less_surprise)
            far.sub_(unlikelier)
            torch.ops.aten.sigmoid_backward.grad_input(turn, unlikelier, grad_input=slopes)
            slopes.mul_(self.gamma).addcmul_(wrong, far)
        if self.gamma != 1:
            # For γ < 1 the power is infinite at 0, where all that it is multiplied with is 0.
            focus = far.copy_(wrong).clamp_(min=torch.finfo(far.dtype).tiny)
            share.mul_(raise_(focus, self.gamma - 1))
        if slopes is not None:
            slopes.mul_(share).mul_(up)
        return share.mul_(wrong).mul_(less_surprise)

    @property
    def has_plain_values(self) -> bool:
        return True

    def plain_values(self, block: PlainBlock) -> Tensor:
        # With q the probability of the wrong answer and S = -log (1 - q): w q^γ S
        surprise, wrong, weight, spare = block.spare[:4]
        surprise_and_wrong(block.right, surprise, wrong, spare)
        # The factor has the sign of the slope, minus for yes: (1 - α) - y, or without α 1 - 2 y.
        if self.alpha is None:
            torch.add(one_like(weight), block.yes, alpha=-2, out=weight)
        else:
            torch.sub(1 - self.alpha, block.yes, out=weight)
        if block.kept is not None:
            weight.mul_(block.kept)
        if self.gamma == 2:
            weight.mul_(torch.mul(wrong, wrong, out=spare))
        elif self.gamma != 0:
            weight.mul_(raise_(spare.copy_(wrong), self.gamma))
        if block.slopes is not None:
            of_one = wrong
            if self.gamma != 0:
                torch.addcmul(surprise, wrong, surprise, value=-1, out=spare)
                of_one = wrong.add_(spare, alpha=self.gamma)  # q + γ (1 - q) S
            torch.mul(weight, of_one, out=block.slopes)
        return weight.abs_().mul_(surprise)

    def launch(
        self,
        scores: Tensor,
        target: Tensor,
        ignore_index: int,
        *,
        written: Tensor | None,
        above: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Return the sums of every row from a GPU."""
        from model_playground.losses.kernels.triton_answers import focal_sums

        given = (scores, target, self.gamma, self.alpha, ignore_index)
        return focal_sums(*given, written=written, above=above)


class AsymmetricKernel(NamedTuple):
    """The asymmetric loss."""

    gamma_positive: float
    gamma_negative: float
    margin: float

    @property
    def buffers(self) -> int:
        return 6

    @property
    def has_plain_values(self) -> bool:
        return False

    def plain_values(self, block: PlainBlock) -> Tensor:
        raise NotImplementedError

    def values(self, block: Block) -> Tensor:
        z, yes, no, slopes = block.scores, block.answers, block.kept, block.slopes
        p, not_p, surprise, log_right, focus, slope = block.spare
        no.sub_(yes)
        probabilities(z, p, not_p, surprise)
        # For no: Q = q^γ₋ log (1 - q), and p q^(γ₋ - 1) (γ₋ (1 - p) log (1 - q) - q r) its slope.
        if self.margin:
            q = torch.sub(p, self.margin, out=focus).clamp_(min=0)
            torch.neg(q, out=log_right).log1p_()
        else:
            q = focus.copy_(p)
            torch.clamp(z, min=0, out=log_right).add_(surprise).neg_()
        if slopes is not None:
            torch.mul(not_p, log_right, out=slopes).mul_(self.gamma_negative)
            if self.margin:  # r = (1 - p) / (1 - q)
                torch.add(not_p, self.margin, out=slope)
                slopes.addcmul_(q, torch.div(not_p, slope, out=slope), value=-1)
            else:
                slopes.sub_(q)
            slopes.mul_(p)
        log_right.mul_(q)
        raise_(q, self.gamma_negative - 1)
        if slopes is not None:
            slopes.mul_(q).mul_(no).neg_()
        values = no.mul_(q).mul_(log_right)
        # For yes: P = (1 - p)^γ₊ log p, and (1 - p)^γ₊ (1 - p - γ₊ p log p) its slope.
        log_p = z.clamp_(max=0).sub_(surprise)
        raise_(focus.copy_(not_p), self.gamma_positive)
        yes.mul_(focus)
        if slopes is not None:
            slopes.addcmul_(yes, not_p.addcmul_(p, log_p, value=-self.gamma_positive), value=-1)
        return values.addcmul_(yes, log_p).neg_()


def surprise_and_wrong(right: Tensor, surprise: Tensor, wrong: Tensor, spare: Tensor) -> None:
    """Write -log (1 - q) and q, the probability of the wrong answer.

    In float32 both are right to a millionth of themselves for scores of up to 20, however small.
    """
    power = torch.abs(right, out=spare).mul_(-LOG2_E).exp2_()
    torch.log1p(power, out=surprise).sub_(torch.clamp(right, max=0, out=wrong))
    one = one_like(right)
    torch.ops.aten.log_sigmoid_backward.grad_input(one, right, power, grad_input=wrong)


def one_like(tensor: Tensor) -> Tensor:
    """Return ones of a tensor's shape that take no memory."""
    return tensor.new_ones(1).expand_as(tensor)


def probabilities(z: Tensor, p: Tensor, not_p: Tensor, surprise: Tensor) -> None:
    """Write p, 1 - p and -log max(p, 1 - p), each to the last digit, also near 0 and 1."""
    torch.sigmoid(z, out=p)
    torch.neg(z, out=not_p).sigmoid_()
    torch.minimum(p, not_p, out=surprise).neg_().log1p_().neg_()


def raise_(base: Tensor, exponent: float) -> Tensor:
    """Raise numbers of 0 or more to a power, in place."""
    if exponent == 0:
        return base.fill_(1)
    if exponent in (0.5, 1, 2, 3):
        return base.pow_(exponent)
    return base.log_().mul_(exponent).exp_()  # takes half the time of pow_
