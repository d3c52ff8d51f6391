"""The GPU passes over a segmentation's logits, against the formulas in float64."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot
from triton_launches import Launch, compiled, launched, no_cuda, no_triton

from model_playground.losses import (
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    SoftIoULoss,
    TverskyLoss,
)
from model_playground.losses.kernels import formulas_only
from model_playground.losses.kernels.triton_regions import (
    _slopes,
    _sums,
    region_slopes,
    region_sums,
)
from model_playground.losses.overlap import AreaLoss

IGNORED = -100


class Regions(NamedTuple):
    """What the passes read."""

    logits: Tensor
    target: Tensor
    weight: Tensor | None


def regions(
    images: int, classes: int, pixels: int, *, weighed: bool = True, seed: int = 0
) -> Regions:
    """Draw logits and labels, some of them ignored and some out of range."""
    draw = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(images, classes, pixels, generator=draw)
    target = torch.randint(classes, (images, pixels), generator=draw)
    target[:, 1::5] = IGNORED
    target[:, 3::11] = classes
    target[:, 4::13] = -1
    weight = torch.rand(classes, generator=draw) + 0.5 if weighed else None
    return Regions(logits, target, weight)


def expected_sums(logits: Tensor, target: Tensor, weight: Tensor | None) -> tuple[Tensor, ...]:
    """Return what `region_sums` returns, by its definition, in float64."""
    classes = logits.shape[1]
    logits = logits.double()
    kept = (target != IGNORED) & (target >= 0) & (target < classes)
    index = target.long().where(kept, 0)
    true = one_hot(index, classes).movedim(2, 1) * kept.unsqueeze(1)
    weights = torch.ones(classes).double() if weight is None else weight.double()
    share = weights[index] * kept
    log_p = logits.log_softmax(1)
    surprise = -log_p.gather(1, index.unsqueeze(1)).squeeze(1)
    p = log_p.exp() * kept.unsqueeze(1)
    return (
        logits.logsumexp(1),
        (torch.where(kept, surprise, 0) * share).sum(1),
        share.sum(1),
        (p * true).sum(2),
        p.sum(2),
        true.sum(2).double(),
    )


def expected_slopes(case: Regions, slopes: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Return what `region_slopes` returns, by autograd in float64."""
    logits = case.logits.double().requires_grad_()
    _, surprise, _, shared, predicted, _ = expected_sums(logits, case.target, case.weight)
    total = sum(
        (slope.double() * sums).sum()
        for slope, sums in zip(slopes, (surprise, shared, predicted), strict=True)
    )
    assert isinstance(total, Tensor)
    (gradient,) = torch.autograd.grad(total, logits)
    return gradient


def some_slopes(images: int, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(7)
    of_classes = torch.randn(2, images, classes, generator=draw)
    return torch.randn(images, generator=draw), of_classes[0], of_classes[1]


def check(launch: Launch, case: Regions, *, tolerance: float = 1e-5) -> None:
    """Compare both passes with their definitions."""
    found = launch(region_sums, *case, IGNORED)
    for sums, expected in zip(found, expected_sums(*case), strict=True):
        assert sums.dtype == torch.float32
        torch.testing.assert_close(sums.double(), expected, rtol=1e-5, atol=1e-5)
    logits, target, weight = case
    slopes = some_slopes(*logits.shape[:2])
    gradient = launch(region_slopes, logits, target, found[0], weight, IGNORED, *slopes)
    assert gradient.dtype == logits.dtype
    torch.testing.assert_close(
        gradient.double(), expected_slopes(case, slopes), rtol=tolerance, atol=tolerance
    )


@launched
@pytest.mark.parametrize(
    ("images", "classes", "pixels"),
    [
        (2, 1, 37),
        (2, 2, 1100),  # two blocks of 1024 pixels
        (1, 19, 1030),  # three chunks of 8 classes, three blocks of 512 pixels
        (2, 70, 150),  # three chunks of 32 classes, two blocks of 128 pixels
        (3, 200, 1),
    ],
)
def test_sums_and_slopes_are_those_of_the_definition(
    launch: Launch, images: int, classes: int, pixels: int
) -> None:
    check(launch, regions(images, classes, pixels))
    check(launch, regions(images, classes, pixels, weighed=False, seed=1))


@launched
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_read_and_written_but_not_summed_in(
    launch: Launch, dtype: torch.dtype
) -> None:
    case = regions(2, 5, 300)
    case = case._replace(logits=case.logits.to(dtype))
    check(launch, case, tolerance=2 * torch.finfo(dtype).eps)


@launched
def test_any_strides_are_read(launch: Launch) -> None:
    logits, target, weight = regions(2, 5, 300)
    channels_last = logits.transpose(1, 2).contiguous().transpose(1, 2)
    assert channels_last.stride(1) == 1
    check(launch, Regions(channels_last, target.T.contiguous().T, weight))
    check(launch, Regions(logits[:, 1:, ::2], target[:1, ::2].expand(2, -1) % 4, None))


@launched
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32])
def test_any_integers_are_labels(launch: Launch, dtype: torch.dtype) -> None:
    logits, target, weight = regions(2, 5, 40)
    found = launch(region_sums, logits, target.where(target >= 0, 5).to(dtype), weight, IGNORED)
    for sums, expected in zip(found, expected_sums(logits, target, weight), strict=True):
        torch.testing.assert_close(sums.double(), expected, rtol=1e-5, atol=1e-5)


@launched
def test_a_label_in_range_can_be_ignored(launch: Launch) -> None:
    logits, target, _ = regions(2, 5, 40)
    found = launch(region_sums, logits, target, None, 2)
    expected = expected_sums(logits, target.where(target != 2, IGNORED), None)
    torch.testing.assert_close(found[4].double(), expected[4], rtol=1e-5, atol=1e-5)
    assert not found[5][:, 2].any()


@launched
def test_the_same_input_gives_the_same_bits(launch: Launch) -> None:
    case = regions(2, 3, 2500)
    first, second = (launch(region_sums, *case, IGNORED) for _ in range(2))
    assert all(map(torch.equal, first, second))
    slopes = some_slopes(2, 3)
    gradients = [
        launch(region_slopes, case.logits, case.target, first[0], case.weight, IGNORED, *slopes)
        for _ in range(2)
    ]
    assert torch.equal(*gradients)


@launched
def test_extreme_scores_stay_finite(launch: Launch) -> None:
    logits, target, weight = regions(1, 4, 60)
    logits = logits.sign() * 1e4
    # Class 3 is ruled out wherever it is not true; an ignored pixel may hold anything.
    logits[:, 3] = logits[:, 3].where(target == 3, -torch.inf)
    logits[0, :, 1] = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.0])
    found = launch(region_sums, logits, target, weight, IGNORED)
    logits_to_compare = logits.clone()
    logits_to_compare[0, :, 1] = 0
    case = Regions(logits_to_compare, target, weight)
    for sums, expected in zip(found[1:], expected_sums(*case)[1:], strict=True):
        torch.testing.assert_close(sums.double(), expected, rtol=1e-5, atol=1e-5)
    slopes = some_slopes(1, 4)
    gradient = launch(region_slopes, logits, target, found[0], weight, IGNORED, *slopes)
    assert not gradient[0, :, 1].any()
    # The log-sum-exp of scores of 1e4 is known to a thousandth.
    torch.testing.assert_close(
        gradient.double(), expected_slopes(case, slopes), rtol=1e-3, atol=2e-3
    )


@launched
def test_nearly_certain_pixels_keep_their_surprise(launch: Launch) -> None:
    """Σ -log p of p = 1 - 1e-6 is 1e-6 a pixel, though the scores are near 50."""
    logits = torch.tensor([50.0, 50 - 13.8155]).reshape(1, 2, 1).expand(1, 2, 200)
    found = launch(region_sums, logits, torch.zeros(1, 200, dtype=torch.long), None, IGNORED)
    assert found[1].item() == pytest.approx(200e-6, rel=0.1)


@launched
@pytest.mark.parametrize("size", [(0, 3, 20), (2, 3, 0)])
def test_nothing_to_look_at_sums_to_nothing(launch: Launch, size: tuple[int, int, int]) -> None:
    images, classes, pixels = size
    logits, target = torch.zeros(size), torch.zeros(images, pixels, dtype=torch.long)
    found = launch(region_sums, logits, target, None, IGNORED)
    assert [part.shape for part in found[:2]] == [(images, pixels), (images,)]
    assert not any(part.any() for part in found)
    slopes = some_slopes(images, classes)
    gradient = launch(region_slopes, logits, target, found[0], None, IGNORED, *slopes)
    assert gradient.shape == size


@launched
@pytest.mark.parametrize(
    "loss",
    [SoftIoULoss(), DiceLoss(weight=[1.0, 2.0, 3.0], per_image=True), TverskyLoss(absent="count")],
    ids=lambda loss: loss.name,
)
def test_losses_of_areas_follow_from_the_sums(launch: Launch, loss: AreaLoss) -> None:
    logits, target, _ = regions(2, 3, 90)
    target = target.where((target >= 0) & (target < 2), IGNORED)  # class 2 is absent
    found = launch(region_sums, logits, target, None, IGNORED)
    areas = [area.clone().requires_grad_() for area in found[3:]]
    value, share = loss.of_areas(*areas, per_image=loss.per_image)
    loss_of_areas = value.sum() / share.sum()
    slopes = torch.autograd.grad(loss_of_areas, areas)
    gradient = launch(
        region_slopes, logits, target, found[0], None, IGNORED, torch.zeros(2), *slopes[:2]
    )
    with formulas_only():
        expected = loss(logits.requires_grad_(), target)
    torch.testing.assert_close(loss_of_areas, expected)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, logits))


@launched
def test_cross_entropy_follows_from_the_sums(launch: Launch) -> None:
    logits, target, weight = regions(2, 3, 90)
    target = target.where((target >= 0) & (target < 3), IGNORED)
    log_sum_exp, surprise, share, *_ = launch(region_sums, logits, target, weight, IGNORED)
    pull = (1 / share.sum()).expand(2)
    gradient = launch(
        region_slopes, logits, target, log_sum_exp, weight, IGNORED, pull, *torch.zeros(2, 2, 3)
    )
    with formulas_only():
        expected = CrossEntropyLoss(weight=weight)(logits.requires_grad_(), target)
    torch.testing.assert_close(surprise.sum() / share.sum(), expected)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, logits))


@no_triton
@pytest.mark.slow
@pytest.mark.parametrize("architecture", [80, 90])
@pytest.mark.parametrize("weighed", [False, True])
def test_the_kernels_compile_without_a_gpu(
    architecture: int, weighed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    dtype = "*bf16" if weighed else "*fp16"
    types = {"logits": dtype, "gradient": dtype, "target": "*i64"}
    for kernel in (_sums, _slopes):
        assert compiled(kernel, architecture, types, WEIGHED=weighed, CHUNK=8, BLOCK=64)


@no_cuda
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    "loss",
    [CrossEntropyIoULoss2D(weight=[0.5, 1.0, 2.0]), CrossEntropyLoss(), SoftIoULoss(), DiceLoss()],
    ids=lambda loss: loss.name,
)
def test_on_a_gpu_the_losses_are_those_of_the_formulas(
    loss: AreaLoss | CrossEntropyLoss, dtype: torch.dtype
) -> None:
    logits, target, _ = regions(2, 3, 64 * 48)
    target = target.where((target >= 0) & (target < 3), IGNORED).reshape(2, 64, 48).cuda()
    logits = logits.to(dtype).reshape(2, 3, 64, 48).cuda().requires_grad_()
    loss = loss.cuda()
    found = loss(logits, target)
    with formulas_only():
        expected = loss(logits, target)
    torch.testing.assert_close(found, expected)
    slopes = [torch.autograd.grad(value, logits)[0] for value in (found, expected)]
    torch.testing.assert_close(*slopes)
