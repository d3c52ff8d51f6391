"""Every loss compiles into one graph, without its fast path, and gives the same there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from loss_samples import sample
from loss_variants import by_name, of_gamma
from torch import Tensor, nn

from model_playground.core.errors import InvalidError
from model_playground.losses import CrossEntropyLoss
from model_playground.losses.base import LOSSES, Loss


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def value_and_slope(module: nn.Module, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    score = input.clone().requires_grad_()
    value = module(score, target)
    (slope,) = torch.autograd.grad(value.sum(), score)
    return value.detach(), slope


@pytest.mark.slow
@by_name
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_one_graph_forwards_and_backwards(loss: type[Loss], reduction: str) -> None:
    input, target = sample(loss, dtype=torch.float32)
    for parameters in of_gamma(loss):
        module = loss(**parameters, reduction=reduction)
        expected = value_and_slope(module, input, target)
        compiled = torch.compile(
            loss(**parameters, reduction=reduction), fullgraph=True, backend="aot_eager"
        )
        for found, wanted in zip(value_and_slope(compiled, input, target), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cross_entropy_iou_2d", "focal", "dice"])
def test_generated_code_gives_the_same(name: str) -> None:
    input, target = sample(LOSSES[name], dtype=torch.float32)
    expected = value_and_slope(LOSSES[name](), input, target)
    compiled = torch.compile(LOSSES[name](), fullgraph=True)
    for found, wanted in zip(value_and_slope(compiled, input, target), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_fast_paths_step_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph is that of the formula: the hook of the fast path is not asked."""
    asked = []

    def watched(self: Loss, *arguments: Tensor, per_image: bool) -> None:
        asked.append(self.name)

    for name in ("cross_entropy_iou_2d", "binary_focal", "dice", "giou_box"):
        loss = LOSSES[name]
        monkeypatch.setattr(loss, "fast_addends", watched)
        input, target = sample(loss, dtype=torch.float32)
        expected = loss()(input, target)
        assert asked.pop() == name
        found = torch.compile(loss(), fullgraph=True, backend="eager")(input, target)
        assert not asked
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_a_class_out_of_range_is_refused_before_and_inside_a_graph() -> None:
    """PyTorch #135546: such a label passed silently in compiled code.

    A graph reads no values, so there is no sentence there; but the formula looks the class up,
    and looking beyond the end stops the program instead of training on.
    """
    input, target = torch.randn(2, 3), torch.tensor([0, 3])
    module = CrossEntropyLoss()
    with pytest.raises(InvalidError, match="target is refused: it is 3 somewhere"):
        module(input, target)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        compiled(input, target)
