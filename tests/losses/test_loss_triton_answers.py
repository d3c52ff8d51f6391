"""The focal loss of yes-or-no answers on a GPU, against the formula in float64."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from triton_launches import Launch, compiled, launched, no_cuda, no_triton

from model_playground.losses import BinaryFocalLoss
from model_playground.losses.kernels import formulas_only
from model_playground.losses.kernels.triton_answers import _focal, focal_sums

IGNORED = -100


def with_slopes(
    launch: Launch, scores: Tensor, target: Tensor, gamma: float, alpha: float | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sums, and the slopes that the kernel writes: at first they are no numbers."""
    slopes = torch.full_like(scores, torch.nan)
    sums = launch(focal_sums, scores, target, gamma, alpha, IGNORED, written=slopes)
    return *sums, slopes


def expected(
    scores: Tensor, target: Tensor, gamma: float, alpha: float | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same by the loss's formula and autograd, in float64."""
    z = scores.double().requires_grad_()
    loss = BinaryFocalLoss(gamma=gamma, alpha=alpha)
    y = target if target.dtype == torch.bool else target.double()
    value, share = loss.terms(z, y)
    (slopes,) = torch.autograd.grad(value.sum(), z)
    return value.sum(1).detach(), share.sum(1), slopes


def answers(rows: int, count: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw scores and answers: yes, no, something between, and ignored."""
    draw = torch.Generator().manual_seed(seed)
    scores = 4 * torch.randn(rows, count, generator=draw)
    target = torch.randint(2, (rows, count), generator=draw).float()
    target[:, 1::4] = torch.rand(target[:, 1::4].shape, generator=draw)
    target[:, 2::7] = IGNORED
    return scores, target


def check(
    launch: Launch,
    scores: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    tolerance: float = 1e-5,
) -> None:
    """Compare sums and slopes with the formula's."""
    value, share, slopes = with_slopes(launch, scores, target, gamma, alpha)
    expected_value, expected_share, expected_slopes = expected(scores, target, gamma, alpha)
    torch.testing.assert_close(value.double(), expected_value, rtol=1e-5, atol=1e-6)
    assert share.tolist() == expected_share.tolist()
    assert slopes.dtype == scores.dtype
    torch.testing.assert_close(slopes.double(), expected_slopes, rtol=tolerance, atol=tolerance)


@launched
@pytest.mark.parametrize(
    ("rows", "count"),
    [(1, 5000), (2, 2500), (7, 300), (300, 7), (40, 1)],
    ids=["five blocks", "three blocks each", "two rows at once", "128 at once", "single answers"],
)
def test_sums_and_slopes_are_the_formulas(launch: Launch, rows: int, count: int) -> None:
    check(launch, *answers(rows, count))


@launched
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 3.5])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_any_gamma_and_alpha(launch: Launch, gamma: float, alpha: float | None) -> None:
    check(launch, *answers(2, 200), gamma, alpha)


@launched
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_read_and_written_but_not_summed_in(
    launch: Launch, dtype: torch.dtype
) -> None:
    scores, target = (one.to(dtype) for one in answers(2, 300))
    check(launch, scores, target, tolerance=torch.finfo(dtype).eps)


@launched
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64])
def test_answers_are_of_any_type(launch: Launch, dtype: torch.dtype) -> None:
    scores, target = answers(2, 100)
    check(launch, scores, (target > 0.5).to(dtype))


@launched
def test_any_strides_are_read(launch: Launch) -> None:
    scores, target = answers(3, 200)
    check(launch, scores.T.contiguous().T, target[:, ::2].repeat_interleave(2, 1))
    check(launch, scores[:, ::2], target[:1, 1::2].expand(3, -1))


@launched
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_extreme_scores_stay_finite(launch: Launch, gamma: float) -> None:
    """Up to ±∞, right and wrong: what is right costs nothing, what is wrong |z|."""
    far = torch.tensor([80.0, 90.0, 104.0, 1e4])
    scores = torch.cat([far, -far]).repeat(3, 1)
    target = torch.tensor([0.0, 0.5, 1.0]).unsqueeze(1).expand(3, 8)
    check(launch, scores, target, gamma, None)
    endless = torch.tensor([[torch.inf, -torch.inf], [torch.inf, -torch.inf]])
    truth = torch.tensor([[1.0, 0.0], [IGNORED, IGNORED]])
    value, share, slopes = with_slopes(launch, endless, truth, gamma, None)
    assert value.tolist() == [0, 0]
    assert share.tolist() == [2, 0]
    assert not slopes.any()


@launched
def test_what_is_easy_keeps_its_digits(launch: Launch) -> None:
    """A no at z = -12 costs log(1 + e^-12): 1 + 6.1e-6 alone would lose a hundredth of it."""
    scores, target = torch.linspace(-13, -12, 64).reshape(1, -1), torch.zeros(1, 64)
    value, _, _ = with_slopes(launch, scores, target, 0.0, None)
    torch.testing.assert_close(
        value.double(), scores.double().exp().log1p().sum(1), rtol=1e-6, atol=0
    )


@launched
def test_the_same_input_gives_the_same_bits(launch: Launch) -> None:
    case = answers(2, 2500)
    first, second = (with_slopes(launch, *case, 2.0, 0.25) for _ in range(2))
    assert all(map(torch.equal, first, second))


@launched
def test_without_slopes_the_sums_are_the_same(launch: Launch) -> None:
    case = answers(2, 300)
    sums = launch(focal_sums, *case, 2.0, 0.25, IGNORED)
    assert all(map(torch.equal, sums, with_slopes(launch, *case, 2.0, 0.25)))


@launched
@pytest.mark.parametrize("size", [(0, 3), (3, 0)])
def test_nothing_to_look_at_sums_to_nothing(launch: Launch, size: tuple[int, int]) -> None:
    value, share, slopes = with_slopes(launch, torch.zeros(size), torch.zeros(size), 2.0, 0.25)
    assert value.tolist() == share.tolist() == [0] * size[0]
    assert slopes.shape == size


@no_triton
@pytest.mark.slow
@pytest.mark.parametrize("architecture", [80, 90])
@pytest.mark.parametrize("all_of_it", [False, True])
def test_the_kernel_compiles_without_a_gpu(
    architecture: int, all_of_it: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    types = {"scores": "*bf16", "slopes": "*bf16", "gamma": "fp32", "alpha": "fp32"}
    types["target"] = "*bf16" if all_of_it else "*u8"
    switches = dict.fromkeys(("WEIGHED", "IGNORES", "SLOPED", "SCALED", "SQUARED"), all_of_it)
    constants = {**switches, "LARGEST": 3e38, "HEIGHT": 2, "BLOCK": 256}
    assert compiled(_focal, architecture, types, **constants)


@no_cuda
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_on_a_gpu_the_loss_is_that_of_the_formula(gamma: float, dtype: torch.dtype) -> None:
    scores, target = (one.cuda() for one in answers(3, 5000))
    scores = scores.to(dtype).requires_grad_()
    loss = BinaryFocalLoss(gamma=gamma)
    found = loss(scores, target)
    with formulas_only():
        wanted = loss(scores, target)
    torch.testing.assert_close(found, wanted)
    slopes = [torch.autograd.grad(value, scores)[0] for value in (found, wanted)]
    torch.testing.assert_close(*slopes)
