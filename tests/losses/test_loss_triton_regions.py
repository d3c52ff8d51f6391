"""The GPU passes over a segmentation's logits, against the formulas in float64."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.functional import one_hot
from triton_launches import Launch, compiled, launched, no_cuda, no_triton

from model_playground.losses import (
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    SoftIoULoss,
    TverskyLoss,
)
from model_playground.losses.base import reduced
from model_playground.losses.kernels import formulas_only
from model_playground.losses.kernels.regions import RegionSums
from model_playground.losses.kernels.triton_regions import (
    _slopes,
    _sums,
    slopes_of_pixels,
    sums_of_pixels,
)
from model_playground.losses.overlap import AreaLoss

IGNORED = -100


class Case(NamedTuple):
    """What the passes read."""

    logits: Tensor
    target: Tensor


def drawn(images: int, classes: int, pixels: int, *, seed: int = 0) -> Case:
    """Draw logits and labels, some of them ignored and some out of range."""
    draw = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(images, classes, pixels, generator=draw)
    target = torch.randint(classes, (images, pixels), generator=draw)
    target[:, 1::5] = IGNORED
    target[:, 3::11] = classes
    target[:, 4::13] = -1
    return Case(logits, target)


def definition(logits: Tensor, target: Tensor) -> RegionSums:
    """Return the sums by their definition, in float64."""
    classes = logits.shape[1]
    kept = (target != IGNORED) & (target >= 0) & (target < classes)
    index = target.long().where(kept, 0)
    true = one_hot(index, classes).movedim(2, 1) * kept.unsqueeze(1)
    log_p = logits.double().log_softmax(1)
    p = log_p.exp() * kept.unsqueeze(1)
    surprise = torch.where(true > 0, -log_p, 0)
    return RegionSums(surprise.sum(2), (p * true).sum(2), p.sum(2), true.sum(2).double())


def some_slopes(images: int, classes: int) -> RegionSums:
    draw = torch.Generator().manual_seed(7)
    return RegionSums(*torch.randn(4, images, classes, generator=draw))


def expected_slopes(case: Case, slopes: RegionSums) -> Tensor:
    """Return the gradient by autograd of the definition, in float64."""
    logits = case.logits.double().requires_grad_()
    outputs = definition(logits, case.target)[:3]
    (gradient,) = torch.autograd.grad(outputs, logits, [slope.double() for slope in slopes[:3]])
    return gradient


def check(launch: Launch, case: Case, *, tolerance: float = 1e-5) -> None:
    """Compare both passes with the definition."""
    precise = torch.float64 if case.logits.dtype == torch.float64 else torch.float32
    log_total, found = launch(sums_of_pixels, *case, IGNORED)
    for sums, expected in zip(found, definition(*case), strict=True):
        assert sums.dtype == precise
        torch.testing.assert_close(sums.double(), expected, rtol=1e-5, atol=1e-5)
    slopes = some_slopes(*case.logits.shape[:2])
    gradient = launch(slopes_of_pixels, *case, IGNORED, log_total, slopes)
    assert gradient.dtype == case.logits.dtype
    torch.testing.assert_close(
        gradient.double(), expected_slopes(case, slopes), rtol=tolerance, atol=tolerance
    )


@launched
@pytest.mark.parametrize(
    ("images", "classes", "pixels"),
    [
        (2, 1, 37),
        (2, 2, 1100),  # three blocks of 512 pixels
        (1, 19, 1030),  # five chunks of 4 classes, three blocks of 512 pixels
        (2, 70, 150),  # nine chunks of 8 classes, one block of 256 pixels
        (3, 200, 1),
    ],
)
def test_sums_and_slopes_are_those_of_the_definition(
    launch: Launch, images: int, classes: int, pixels: int
) -> None:
    check(launch, drawn(images, classes, pixels))


@launched
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_read_and_written_but_not_summed_in(
    launch: Launch, dtype: torch.dtype
) -> None:
    logits, target = drawn(2, 5, 300)
    check(launch, Case(logits.to(dtype), target), tolerance=2 * torch.finfo(dtype).eps)


@launched
def test_double_precision_is_summed_in(launch: Launch) -> None:
    logits, target = drawn(2, 5, 300)
    check(launch, Case(logits.double(), target), tolerance=1e-12)


@launched
def test_any_strides_are_read(launch: Launch) -> None:
    logits, target = drawn(2, 5, 300)
    channels_last = logits.transpose(1, 2).contiguous().transpose(1, 2)
    assert channels_last.stride(1) == 1
    check(launch, Case(channels_last, target.T.contiguous().T))
    check(launch, Case(logits[:, 1:, ::2], target[:1, ::2].expand(2, -1) % 4))


@launched
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32])
def test_any_integers_are_labels(launch: Launch, dtype: torch.dtype) -> None:
    logits, target = drawn(2, 5, 40)
    check(launch, Case(logits, target.where(target >= 0, 5).to(dtype)))


@launched
def test_a_label_in_range_can_be_ignored(launch: Launch) -> None:
    logits, target = drawn(2, 5, 40)
    _, found = launch(sums_of_pixels, logits, target, 2)
    expected = definition(logits, target.where(target != 2, IGNORED))
    for sums, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(sums.double(), wanted, rtol=1e-5, atol=1e-5)


@launched
def test_scores_of_another_resolution_are_interpolated(launch: Launch) -> None:
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=draw, dtype=torch.float64).requires_grad_()
    target = torch.randint(3, (2, 9, 20), generator=draw)
    whole = functional.interpolate(logits, (9, 20), mode="bilinear")
    expected = definition(whole.flatten(2), target.flatten(1))
    slopes = some_slopes(2, 3)
    log_total, found = launch(sums_of_pixels, logits.detach(), target, IGNORED)
    gradient = launch(slopes_of_pixels, logits.detach(), target, IGNORED, log_total, slopes)
    torch.testing.assert_close(found, expected)
    of_sums = [slope.double() for slope in slopes[:3]]
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected[:3], logits, of_sums))


@launched
def test_the_same_input_gives_the_same_bits(launch: Launch) -> None:
    case = drawn(2, 3, 2500)
    (log_total, first), (_, second) = (launch(sums_of_pixels, *case, IGNORED) for _ in range(2))
    assert all(map(torch.equal, first, second))
    gradients = [
        launch(slopes_of_pixels, *case, IGNORED, log_total, some_slopes(2, 3)) for _ in range(2)
    ]
    assert torch.equal(*gradients)


@launched
def test_extreme_scores_stay_finite(launch: Launch) -> None:
    logits, target = drawn(1, 4, 60)
    logits = logits.sign() * 1e4
    # Class 3 is ruled out wherever it is not true; an ignored pixel may hold anything.
    logits[:, 3] = logits[:, 3].where(target == 3, -torch.inf)
    compared = Case(logits.clone(), target)
    logits[0, :, 1] = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.0])
    log_total, found = launch(sums_of_pixels, logits, target, IGNORED)
    for sums, expected in zip(found, definition(*compared), strict=True):
        torch.testing.assert_close(sums.double(), expected, rtol=1e-5, atol=1e-5)
    slopes = some_slopes(1, 4)
    gradient = launch(slopes_of_pixels, logits, target, IGNORED, log_total, slopes)
    assert not gradient[0, :, 1].any()
    # The logarithm of the total of scores of 1e4 is known to a thousandth.
    torch.testing.assert_close(
        gradient.double(), expected_slopes(compared, slopes), rtol=1e-3, atol=2e-3
    )


@launched
def test_nearly_certain_pixels_keep_their_surprise(launch: Launch) -> None:
    """-log p of p = 1 - 1e-6 is 1e-6, though the score is 50."""
    logits = torch.tensor([50.0, 50 - 13.8155]).reshape(1, 2, 1).expand(1, 2, 200)
    _, found = launch(sums_of_pixels, logits, torch.zeros(1, 200, dtype=torch.long), IGNORED)
    assert found.surprise[0, 0].item() == pytest.approx(200e-6, rel=0.1)


@launched
@pytest.mark.parametrize("size", [(0, 3, 20), (2, 3, 0)])
def test_nothing_to_look_at_sums_to_nothing(launch: Launch, size: tuple[int, int, int]) -> None:
    images, classes, pixels = size
    case = Case(torch.zeros(size), torch.zeros(images, pixels, dtype=torch.long))
    log_total, found = launch(sums_of_pixels, *case, IGNORED)
    assert log_total.shape == (images, pixels)
    assert all(sums.shape == (images, classes) and not sums.any() for sums in found)
    slopes = some_slopes(images, classes)
    assert launch(slopes_of_pixels, *case, IGNORED, log_total, slopes).shape == size


LOSSES: list[CrossEntropyIoULoss2D | CrossEntropyLoss | AreaLoss] = [
    CrossEntropyIoULoss2D(weight=[0.5, 1.0, 2.0]),
    CrossEntropyLoss(weight=[0.5, 1.0, 2.0]),
    SoftIoULoss(),
    DiceLoss(weight=[0.5, 1.0, 2.0], per_image=True),
    TverskyLoss(absent="count"),
]
by_name = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)


@launched
@by_name
def test_losses_follow_from_the_sums(
    launch: Launch, loss: CrossEntropyIoULoss2D | CrossEntropyLoss | AreaLoss
) -> None:
    logits, target = drawn(2, 3, 90)
    target = target.where((target >= 0) & (target < 2), IGNORED)  # class 2 is absent
    log_total, found = launch(sums_of_pixels, logits, target, IGNORED)
    sums = RegionSums(*(one.clone().requires_grad_() for one in found))
    of_sums = reduced(loss.addends_of_sums(sums, per_image=False), "mean")
    slopes = torch.autograd.grad(of_sums, sums, allow_unused=True, materialize_grads=True)
    gradient = launch(slopes_of_pixels, logits, target, IGNORED, log_total, RegionSums(*slopes))
    logits = logits.unflatten(2, (9, 10)).requires_grad_()
    with formulas_only():
        expected = loss(logits, target.unflatten(1, (9, 10)))
    torch.testing.assert_close(of_sums, expected)
    (expected_gradient,) = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(gradient, expected_gradient.flatten(2))


@no_triton
@pytest.mark.slow
@pytest.mark.parametrize("architecture", [80, 90])
@pytest.mark.parametrize("dtype", ["*fp16", "*bf16", "*fp32"])
def test_the_kernels_compile_without_a_gpu(
    architecture: int, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    types = {"logits": dtype, "gradient": dtype, "target": "*i64"}
    for kernel in (_sums, _slopes):
        assert compiled(kernel, architecture, types, CHUNK=8, BLOCK=64)


@no_cuda
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@by_name
def test_on_a_gpu_the_losses_are_those_of_the_formulas(
    loss: CrossEntropyIoULoss2D | CrossEntropyLoss | AreaLoss, dtype: torch.dtype
) -> None:
    logits, target = drawn(2, 3, 64 * 48)
    target = target.where((target >= 0) & (target < 3), IGNORED).reshape(2, 64, 48).cuda()
    logits = logits.to(dtype).reshape(2, 3, 64, 48).cuda().requires_grad_()
    loss = loss.cuda()
    found = loss(logits, target)
    with formulas_only():
        expected = loss(logits, target)
    torch.testing.assert_close(found, expected)
    slopes = [torch.autograd.grad(value, logits)[0] for value in (found, expected)]
    torch.testing.assert_close(*slopes)
