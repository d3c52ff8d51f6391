"""The focal loss over classes on a GPU, against the formula in float64."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, tensor
from triton_launches import Launch, compiled, launched, no_triton

from model_playground.losses import FocalLoss
from model_playground.losses.kernels.triton_focal_classes import _focal, focal_sums

IGNORED = -100
FACTORS = tensor([0.5, 0.0, 2.0])


def with_slopes(
    launch: Launch, logits: Tensor, target: Tensor, gamma: float, alpha: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sums, and the slopes that the kernel writes: at first they are no numbers."""
    slopes = torch.full_like(logits, torch.nan)
    sums = launch(focal_sums, logits, target, gamma, alpha, IGNORED, written=slopes)
    return *sums, slopes


def drawn(images: int, classes: int, units: int) -> tuple[Tensor, Tensor]:
    """Draw logits and labels, some of them ignored."""
    draw = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(images, classes, units, generator=draw)
    target = torch.randint(classes, (images, units), generator=draw)
    target[:, 1::5] = IGNORED
    return logits, target


def check(
    launch: Launch,
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: Tensor | None = None,
    tolerance: float = 1e-5,
) -> None:
    """Compare sums and slopes with the formula's."""
    value, number, slopes = with_slopes(launch, logits, target, gamma, alpha)
    z = logits.double().requires_grad_()
    wanted, counted = FocalLoss(gamma=gamma, alpha=alpha).terms(z, target)
    (wanted_slopes,) = torch.autograd.grad(wanted.sum(), z)
    torch.testing.assert_close(value.double(), wanted.sum(1).detach(), rtol=1e-5, atol=1e-6)
    assert number.tolist() == counted.sum(1).tolist()
    assert slopes.dtype == logits.dtype
    torch.testing.assert_close(slopes.double(), wanted_slopes, rtol=tolerance, atol=tolerance)


@launched
@pytest.mark.parametrize(
    ("images", "classes", "units"),
    [(2, 1, 37), (2, 2, 1100), (1, 19, 1030), (2, 70, 150), (3, 200, 1)],
)
def test_sums_and_slopes_are_the_formulas(
    launch: Launch, images: int, classes: int, units: int
) -> None:
    check(launch, *drawn(images, classes, units))


@launched
@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
@pytest.mark.parametrize("alpha", [None, FACTORS], ids=["no factors", "factors"])
def test_any_gamma_and_alpha(launch: Launch, gamma: float, alpha: Tensor | None) -> None:
    check(launch, *drawn(2, 3, 200), gamma, alpha)


@launched
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_read_and_written_but_not_summed_in(
    launch: Launch, dtype: torch.dtype
) -> None:
    logits, target = drawn(2, 5, 300)
    check(launch, logits.to(dtype), target, tolerance=2 * torch.finfo(dtype).eps)


@launched
def test_double_precision_is_summed_in(launch: Launch) -> None:
    logits, target = drawn(2, 5, 300)
    check(launch, logits.double(), target, tolerance=1e-12)


@launched
def test_any_strides_are_read(launch: Launch) -> None:
    logits, target = drawn(2, 5, 300)
    channels_last = logits.transpose(1, 2).contiguous().transpose(1, 2)
    check(launch, channels_last, target.T.contiguous().T)
    check(launch, logits[:, 1:, ::2], target[:1, ::2].expand(2, -1).clamp(max=3))


@launched
@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_extreme_scores_stay_finite(launch: Launch, gamma: float) -> None:
    logits, target = drawn(1, 4, 60)
    logits = logits.sign() * 1e4
    # Class 3 is ruled out wherever it is not true; an ignored unit may hold anything.
    logits[:, 3] = logits[:, 3].where(target == 3, -torch.inf)
    compared = logits.clone()
    logits[0, :, 1] = tensor([torch.inf, -torch.inf, torch.nan, 0.0])
    value, _, slopes = with_slopes(launch, logits, target, gamma, None)
    assert not slopes[0, :, 1].any()
    assert slopes.isfinite().all()
    wanted = FocalLoss(gamma=gamma).terms(compared.double(), target)[0].sum(1)
    torch.testing.assert_close(value.double(), wanted, rtol=1e-5, atol=1e-5)


@launched
def test_nearly_certain_units_keep_their_loss(launch: Launch) -> None:
    """-log p of p = 1 - 1e-6 is 1e-6, though the score is 50; with γ = 1 its square is left."""
    logits = tensor([50.0, 50 - 13.8155]).reshape(1, 2, 1).expand(1, 2, 200)
    value, _, _ = with_slopes(launch, logits, torch.zeros(1, 200, dtype=torch.long), 1.0, None)
    assert value.item() == pytest.approx(200e-12, rel=0.1)


def scaled_sums(
    logits: Tensor, target: Tensor, above: Tensor, *, written: Tensor
) -> tuple[Tensor, Tensor]:
    """Call the kernel with a factor for each image's slopes."""
    return focal_sums(logits, target, 2.0, None, IGNORED, written=written, above=above)


@launched
def test_the_upstream_slopes_of_the_images_are_factors(launch: Launch) -> None:
    logits, target = drawn(2, 3, 50)
    slopes = torch.full_like(logits, torch.nan)
    above = tensor([2.0, -0.5])
    _, _, plain = with_slopes(launch, logits, target, 2.0, None)
    launch(scaled_sums, logits, target, above, written=slopes)
    torch.testing.assert_close(slopes, above.view(2, 1, 1) * plain)


@launched
@pytest.mark.parametrize("size", [(0, 3, 20), (2, 3, 0)])
def test_nothing_to_look_at_sums_to_nothing(launch: Launch, size: tuple[int, int, int]) -> None:
    target = torch.zeros(size[0], size[2], dtype=torch.long)
    value, number, slopes = with_slopes(launch, torch.zeros(size), target, 2.0, None)
    assert value.tolist() == number.tolist() == [0] * size[0]
    assert slopes.shape == size


@no_triton
@pytest.mark.slow
@pytest.mark.parametrize("architecture", [80, 90])
@pytest.mark.parametrize("all_of_it", [False, True])
def test_the_kernel_compiles_without_a_gpu(
    architecture: int, all_of_it: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    types = {"logits": "*bf16", "slopes": "*bf16", "target": "*i64", "gamma": "fp32"}
    switches = dict.fromkeys(("FOCUSED", "WEIGHED", "SLOPED", "SCALED"), all_of_it)
    assert compiled(_focal, architecture, types, **switches, CHUNK=8, BLOCK=64)
