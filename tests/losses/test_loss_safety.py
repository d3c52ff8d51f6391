"""Value and slope are finite numbers, whatever a loss is given: swept over the registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from loss_samples import CLASSES, sample
from loss_variants import HAVE_FAST_PATHS, by_name, of_gamma, variants
from torch import Tensor, tensor

from model_playground.core.contracts import BoxView, Layout, TargetForm
from model_playground.losses.base import Loss, Reduction
from model_playground.losses.kernels import formulas_only

Case = tuple[str, Tensor, Tensor]
TYPES = [torch.float32, torch.bfloat16, torch.float16]

PAIRS = {
    "the same": ([1, 1, 3, 5], [1, 1, 3, 5]),
    "a point and a box": ([2, 2, 2, 2], [1, 1, 3, 5]),
    "a box and a point": ([1, 1, 3, 5], [2, 2, 2, 2]),
    "a point far from a box": ([900, 900, 900, 900], [1, 1, 3, 5]),
    "twice the same point": ([2, 2, 2, 2], [2, 2, 2, 2]),
    "two points": ([2, 2, 2, 2], [4, 4, 4, 4]),
    "no height": ([1, 2, 3, 2], [1, 1, 3, 5]),
    "no width": ([2, 1, 2, 5], [1, 1, 3, 5]),
    "a truth without height": ([1, 1, 3, 5], [1, 2, 3, 2]),
    "a truth without width": ([1, 1, 3, 5], [2, 1, 2, 5]),
    "neither has a height": ([1, 2, 3, 2], [1, 2, 3, 2]),
    "neither has a width": ([2, 1, 2, 5], [2, 1, 2, 5]),
    "one has no width, the other no height": ([2, 1, 2, 5], [1, 2, 3, 2]),
    "reversed": ([3, 5, 1, 1], [1, 1, 3, 5]),
    "reversed in x": ([3, 1, 1, 5], [1, 1, 3, 5]),
    "a truth that is reversed": ([1, 1, 3, 5], [3, 5, 1, 1]),
    "both reversed": ([3, 5, 1, 1], [3, 5, 1, 1]),
    "far apart": ([0, 0, 1, 2], [9998, 9997, 9999, 10000]),
    "touching": ([1, 1, 3, 5], [3, 1, 4, 5]),
    "touching in a corner": ([1, 1, 3, 5], [3, 5, 4, 6]),
    "inside": ([1.5, 2, 2, 3], [1, 1, 3, 5]),
    "of the same centre": ([0, 2, 4, 4], [1, 1, 3, 5]),
    "very small": ([1e-3, 1e-3, 2e-3, 3e-3], [1e-3, 1e-3, 2e-3, 2e-3]),
    "very large": ([-3e4, -3e4, 3e4, 3e4], [-2e4, -3e4, 3e4, 1e4]),
    "very flat": ([0, 0, 1e4, 1e-3], [0, 0, 1e-3, 1e4]),
    "nothing but zeros": ([0, 0, 0, 0], [0, 0, 0, 0]),
}


def cases(loss: type[Loss], dtype: torch.dtype) -> Iterator[Case]:
    """Give inputs and targets at the limits of what the loss accepts."""
    input, target = sample(loss, dtype=dtype)
    yield "an empty batch", input[:0], target[:0]
    if Layout.BOX in loss.layouts:
        yield from pairs(loss, dtype)
        return
    if input.ndim > 2:
        yield "images without width", input[..., :0], target[..., :0]
    for size in (1e4, 1e-4, 0):
        yield f"numbers times {size:g}", input * size, target
    if loss.reads[0].form is TargetForm.CLASS_INDEX:
        yield from classes(input, target)
    elif loss.reads[0].form in (TargetForm.VALUE, TargetForm.AMOUNT):
        yield "every prediction exact", target.clone(), target
        yield "targets far away", input, target * 1e4
    else:
        yield from answers(input, target)
    if "ignore_index" in loss.Record.model_fields:
        # A score of -∞ for class 0, whose place an ignored pixel takes in some formulas.
        ruled_out = input.clone()
        ruled_out[:, 0] = -torch.inf
        ignored = torch.full_like(target, -100)
        yield "all ignored", input, ignored
        yield "all ignored, a class ruled out", ruled_out, ignored
        some = target.clone()
        some[0] = -100
        yield "one ignored with a class ruled out", torch.cat([ruled_out[:1], input[1:]]), some


def classes(input: Tensor, target: Tensor) -> Iterator[Case]:
    one = torch.nn.functional.one_hot(target, CLASSES).movedim(-1, 1).bool()
    for size in (1e4, 30, 100):
        yield f"right and sure by {size:g}", torch.where(one, size, -size).to(input.dtype), target
        yield f"wrong and sure by {size:g}", torch.where(one, -size, size).to(input.dtype), target
    yield "every other class ruled out", input.where(one, -torch.inf), target
    absent = target.clamp(max=CLASSES - 2)
    ruled_out = input.clone()
    ruled_out[:, CLASSES - 1] = -torch.inf
    yield "one class absent", input, absent
    yield "one class absent and ruled out", ruled_out, absent
    yield "all classes but one absent", input, torch.zeros_like(target)


def answers(input: Tensor, target: Tensor) -> Iterator[Case]:
    yes = target == 1
    for size in (1e4, 30, 100):
        yield f"right and sure by {size:g}", torch.where(yes, size, -size).to(input.dtype), target
        yield f"wrong and sure by {size:g}", torch.where(yes, -size, size).to(input.dtype), target
    yield "every no ruled out", input.where(yes, -torch.inf), target
    yield "every answer no", input, torch.zeros_like(target)
    yield "every answer no and ruled out", torch.full_like(input, -torch.inf), target * 0
    yield "every answer yes", input, torch.ones_like(target)
    yield "every answer half", input, torch.full_like(target, 0.5)


def pairs(loss: type[Loss], dtype: torch.dtype) -> Iterator[Case]:
    """Give every odd pair alone, and all of them in one batch."""
    drawn = sample(loss, dtype=dtype)
    each = {name: tuple(tensor([box], dtype=dtype) for box in pair) for name, pair in PAIRS.items()}
    if all(reading.view is BoxView.CXCYWH for reading in loss.reads):
        each = {name: (input / 1e4, target / 1e4) for name, (input, target) in each.items()}
    for name, (input, target) in each.items():
        yield name, input, target
    everything = [drawn, *each.values()]
    yield (
        "all in one batch",
        torch.cat([input for input, _ in everything]),
        torch.cat([target for _, target in everything]),
    )


def check(module: Loss, case: Case, *, because: str) -> None:
    """Run a case forwards and backwards and look for what is no finite number."""
    name, input, target = case
    input = input.detach().clone().requires_grad_()
    value = module(input, target)
    assert value.isfinite().all(), f"the value at {name} ({because}) is {value}"
    value.sum().backward()
    assert input.grad is not None
    finite = bool(input.grad.isfinite().all())
    assert finite, f"the slope at {name} ({because}) is {input.grad}, the value {value}"


@by_name
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_is_finite_in_every_type(loss: type[Loss], dtype: torch.dtype) -> None:
    for parameters in of_gamma(loss):
        for case in cases(loss, dtype):
            check(loss(**parameters), case, because=f"{dtype}, {parameters}")


@by_name
@pytest.mark.parametrize("dtype", TYPES[1:], ids=str)
def test_is_finite_under_autocast(loss: type[Loss], dtype: torch.dtype) -> None:
    with torch.autocast("cpu", dtype):
        for parameters in of_gamma(loss):
            for case in cases(loss, torch.float32):
                check(loss(**parameters), case, because=f"autocast {dtype}, {parameters}")


@by_name
def test_is_finite_at_the_ends_of_its_parameters(loss: type[Loss]) -> None:
    for parameters in variants(loss):
        for case in cases(loss, torch.float32):
            check(loss(**parameters), case, because=str(parameters))


@by_name
@pytest.mark.parametrize("size_hw", [(4, 5), (64, 65)], ids=["small", "large"])
def test_a_prediction_that_is_no_number_is_not_hidden(
    loss: type[Loss], size_hw: tuple[int, int]
) -> None:
    """Finite is what a finite input gives; a training that diverges has to be seen."""
    input, target = sample(loss, dtype=torch.float32, images=size_hw[0], size_hw=size_hw)
    input.view(-1)[1] = torch.nan
    for parameters in variants(loss):
        if any(weight == [0.0] * CLASSES for weight in parameters.values()):
            continue
        assert loss(**parameters)(input, target).isnan(), parameters
        with formulas_only():
            assert loss(**parameters)(input, target).isnan(), parameters


@by_name
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_is_finite_in_every_reduction(loss: type[Loss], reduction: Reduction) -> None:
    for case in cases(loss, torch.float32):
        check(loss(reduction=reduction), case, because=reduction)


@pytest.mark.parametrize("loss", HAVE_FAST_PATHS, ids=lambda loss: loss.name)
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_the_formula_is_finite_where_a_fast_path_stands_in(
    loss: type[Loss], dtype: torch.dtype
) -> None:
    with formulas_only():
        for parameters in variants(loss) if dtype == torch.float32 else of_gamma(loss):
            for case in cases(loss, dtype):
                check(loss(**parameters), case, because=f"formula, {dtype}, {parameters}")
