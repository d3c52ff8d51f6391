"""Fast paths give what the formulas give, swept over the registry with whatever may come.

Value and slope, in random shapes, types, layouts in memory and parameters, with units ignored,
one image or many, all of one class. A loss without a fast path passes by being its formula.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_samples import ALL, boxes, sample
from loss_variants import HAVE_FAST_PATHS, ids, variants
from torch import Tensor

from model_playground.core.contracts import Layout, TargetForm
from model_playground.losses.base import Loss, Reduction, image_losses, reduced
from model_playground.losses.kernels import formulas_only

some = settings(max_examples=15, deadline=None)

# A few drawn numbers may add up to 1.
pytestmark = pytest.mark.filterwarnings(
    "ignore::model_playground.losses.checks.ProbabilitiesWarning"
)

CLOSE = {
    torch.float64: {"rtol": 1e-9, "atol": 1e-11},
    torch.float32: {"rtol": 1e-4, "atol": 1e-6},
    torch.float16: {"rtol": 2e-3, "atol": 1e-6},
    torch.bfloat16: {"rtol": 2e-2, "atol": 1e-6},
}
"""How near: sums are made in another order, and slopes are rounded to the type of the input."""


@st.composite
def cases(draw: st.DrawFn, loss: type[Loss]) -> tuple[dict[str, Any], Tensor, Tensor]:
    """Draw parameters, and an input and a target that they accept."""
    parameters = dict(draw(st.sampled_from(variants(loss))))
    classes = 3 if parameters else draw(st.integers(1, 7))
    dtype = draw(st.sampled_from(list(CLOSE)))
    seed = draw(st.integers(0, 2**16))
    input, target = sample(
        loss,
        images=draw(st.integers(1, 5)),
        seed=seed,
        dtype=dtype,
        size_hw=(draw(st.integers(1, 9)), draw(st.integers(1, 9))),
        classes=classes,
    )
    if Layout.PIXEL in loss.layouts and Layout.ITEM in loss.layouts and draw(st.booleans()):
        input, target = (_with_pixels(units, classes) for units in (input, target))
    if loss.reads[0].form is TargetForm.MULTI_HOT and draw(st.booleans()):
        target = target == 1
    if "ignore_index" in loss.Record.model_fields and target.dtype != torch.bool:
        share = draw(st.sampled_from([0.0, 0.2, 0.8, 1.0]))
        chances = torch.rand(target.shape, generator=torch.Generator().manual_seed(seed))
        target = target.masked_fill(chances < share, -100)
    return parameters, _laid_out(input, draw), _laid_out(target, draw)


def _with_pixels(units: Tensor, classes: int) -> Tensor:
    """Give each item three pixels; the classes stay the second axis."""
    if units.ndim == 1:
        return torch.stack([units, (units + 1) % classes, units], 1)
    return torch.stack([units, units.flip(0), units.flip(1)], 2)


def _laid_out(units: Tensor, draw: st.DrawFn) -> Tensor:
    """Lay the same numbers out otherwise in memory."""
    way = draw(st.sampled_from(["as it is", "axes exchanged", "every other", "a part"]))
    if way == "axes exchanged" and units.ndim > 1:
        return units.transpose(0, -1).contiguous().transpose(0, -1)
    if way == "every other":
        return units.repeat_interleave(2, -1)[..., ::2]
    if way == "a part":
        return torch.cat([units, units])[len(units) :]
    return units


def results(module: Loss, input: Tensor, target: Tensor) -> list[Tensor]:
    """Return the value, the losses of the images where there are any, and the slopes of both."""
    found = []
    for per_image in (False, True):
        leaf = input.detach().requires_grad_()
        if module.reduction == "none" and not per_image:
            value = module(leaf, target)
        else:
            addends = module.addends(leaf, target, per_image=per_image)
            value = image_losses(addends) if per_image else reduced(addends, module.reduction)
        factors = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).view_as(value)
        found += [value.detach(), torch.autograd.grad((factors * value).sum(), leaf)[0]]
    return [*found, module(input, target)]


def compare(loss: type[Loss], case: tuple[dict[str, Any], Tensor, Tensor], reduction: Any) -> None:
    parameters, input, target = case
    module = loss(**parameters, reduction=reduction).eval()
    module.check(input, target)
    fast = results(module, input, target)
    with formulas_only():
        formula = results(module, input, target)
    for found, expected in zip(fast, formula, strict=True):
        assert found.dtype == expected.dtype
        torch.testing.assert_close(
            found, expected, msg=lambda text: f"{ids(parameters)}: {text}", **CLOSE[input.dtype]
        )


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
@given(data=st.data(), reduction=st.sampled_from(["mean", "sum", "none"]))
@some
def test_the_fast_path_gives_what_the_formula_gives(
    loss: type[Loss], data: st.DataObject, reduction: Reduction
) -> None:
    compare(loss, data.draw(cases(loss)), reduction)


@pytest.mark.parametrize("loss", HAVE_FAST_PATHS, ids=lambda loss: loss.name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_in_more_than_one_block_of_work(loss: type[Loss], dtype: torch.dtype) -> None:
    """Sizes that blocks and their threads do not divide."""
    if Layout.BOX in loss.layouts:
        draw = torch.Generator().manual_seed(1)
        input, target = (boxes(33_001, draw).to(dtype) for _ in range(2))
    elif Layout.ITEM in loss.layouts:
        input, target = sample(loss, images=20_011, classes=7, dtype=dtype)
    else:
        input, target = sample(loss, images=3, classes=7, dtype=dtype, size_hw=(101, 97))
    compare(loss, ({}, input, target), "mean")
