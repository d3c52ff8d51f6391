"""Every loss on a real GPU: the values and slopes of the CPU, and nothing waits for the device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, simplefilter

import pytest
import torch
from loss_samples import ALL, boxes, sample
from loss_variants import by_name, variants
from torch import Tensor
from triton_launches import no_cuda

from model_playground.losses import (
    BinaryFocalLoss,
    CrossEntropyIoULoss2D,
    DiceLoss,
    FocalLoss,
)
from model_playground.losses.base import LOSSES, Loss
from model_playground.losses.boxes_overlap import OverlapBoxLoss
from model_playground.losses.kernels import formulas_only

pytestmark = no_cuda

CLOSE = {
    torch.float32: {"rtol": 1e-4, "atol": 1e-5},
    torch.bfloat16: {"rtol": 2e-2, "atol": 1e-5},
}


@contextmanager
def waiting_refused() -> Iterator[None]:
    """Let PyTorch raise where the program would wait for the GPU."""
    with catch_warnings():
        simplefilter("ignore")  # that this debugging aid of PyTorch is a prototype
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def value_and_slope(module: Loss, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    leaf = input.detach().requires_grad_()
    value = module(leaf, target)
    factors = torch.linspace(0.5, 1.5, value.numel(), device=value.device).view_as(value)
    return value.detach(), torch.autograd.grad((factors * value).sum(), leaf)[0]


@by_name
@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_values_and_slopes_are_those_of_the_cpu(
    loss: type[Loss], dtype: torch.dtype, reduction: Any
) -> None:
    input, target = sample(loss, images=3, dtype=dtype, size_hw=(64, 48))
    for parameters in variants(loss):
        compare_with_cpu(loss(**parameters, reduction=reduction).eval(), input, target)


def compare_with_cpu(module: Loss, input: Tensor, target: Tensor) -> None:
    expected = value_and_slope(module, input, target)
    found = value_and_slope(module.cuda(), input.cuda(), target.cuda())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(
            one.cpu(), other, msg=lambda text: f"{module}: {text}", **CLOSE[input.dtype]
        )


@by_name
def test_nothing_waits_for_the_gpu(loss: type[Loss]) -> None:
    input, target = sample(loss, images=3, dtype=torch.float32, size_hw=(64, 48))
    modules = [loss(**parameters).cuda() for parameters in variants(loss)]
    score, truth = input.cuda().requires_grad_(), target.cuda()
    for module in modules:
        with waiting_refused():
            module(score, truth).backward()
            assert module.addends(score, truth, per_image=True)


def test_the_watch_sees_what_waits() -> None:
    number = torch.ones((), device="cuda")
    with waiting_refused(), pytest.raises(RuntimeError, match="synchronizing"):
        number.item()


@by_name
def test_mixed_precision_gives_finite_slopes(loss: type[Loss]) -> None:
    input, target = sample(loss, dtype=torch.float16, size_hw=(64, 48))
    score = input.cuda().requires_grad_()
    with torch.autocast("cuda", dtype=torch.float16):
        value = loss().cuda()(score, target.cuda())
    (slope,) = torch.autograd.grad(value, score)
    assert value.isfinite()
    assert slope.isfinite().all()


def _pixels(images: int, classes: int, side: int) -> tuple[Tensor, Tensor]:
    draw = torch.Generator("cuda").manual_seed(0)
    logits = 3 * torch.randn(images, classes, side, side, generator=draw, device="cuda")
    target = torch.randint(classes, (images, side, side), generator=draw, device="cuda")
    return logits, target.masked_fill(target == 1, -100)


@pytest.mark.parametrize("loss", [CrossEntropyIoULoss2D(), DiceLoss(), FocalLoss()])
@pytest.mark.parametrize("size", [(4, 19, 512), (2, 150, 256)])
def test_images_of_real_size(loss: Loss, size: tuple[int, int, int]) -> None:
    logits, target = _pixels(*size)
    found = value_and_slope(loss, logits, target)
    with formulas_only():
        expected = value_and_slope(loss, logits, target)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-5, atol=1e-6)
    scale = expected[1].abs().amax()
    torch.testing.assert_close(found[1] / scale, expected[1] / scale, rtol=1e-3, atol=1e-4)


def test_eight_million_answers() -> None:
    scores = 4 * torch.randn(2**23, device="cuda")
    answers = (torch.rand_like(scores) < 0.01).float()
    found = value_and_slope(BinaryFocalLoss(), scores, answers)
    with formulas_only():
        expected = value_and_slope(BinaryFocalLoss(), scores, answers)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-4, atol=0)
    scale = expected[1].abs().amax()
    torch.testing.assert_close(found[1] / scale, expected[1] / scale, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "loss", [one for one in LOSSES if issubclass(one, OverlapBoxLoss)], ids=lambda one: one.name
)
def test_a_million_boxes(loss: type[OverlapBoxLoss]) -> None:
    draw = torch.Generator().manual_seed(0)
    input, target = (boxes(1_000_000, draw).float().cuda() for _ in range(2))
    module = loss(reduction="none").cuda().eval()
    found = value_and_slope(module, input, target)
    with formulas_only():
        expected = value_and_slope(module, input.double(), target.double())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=1e-4)


def test_the_whole_registry_is_swept() -> None:
    assert len(ALL) >= 30
