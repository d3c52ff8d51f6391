"""What an input, a target or a weight has to be; otherwise a sentence that names the argument.

Shapes and types are always checked. Values (class indices in range, probabilities in [0, 1]) have
to be read, which on a GPU waits for all queued work, so they are read on the CPU only, and never
in a compiled graph; `check_values` changes that.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from model_playground.core.errors import InvalidError

Where = Literal["cpu", "everywhere", "nowhere"]
_values_are_read: Where = "cpu"


def check_values(where: Where) -> None:
    """Choose where losses read the values of their targets to check them; "cpu" is the default.

    >>> check_values("everywhere")   # also on a GPU: to find a wrong class index, at a cost
    >>> check_values("cpu")

    Raises:
        InvalidError: `where` is none of cpu, everywhere, nowhere.
    """
    if where not in get_args(Where):
        raise refused("where", repr(where), " or ".join(get_args(Where)))
    global _values_are_read
    _values_are_read = where


class ProbabilitiesWarning(UserWarning):
    """An input looks like probabilities, where a loss over classes takes scores (logits)."""


_MOST_SHAPES = 256
_looked_at: set[tuple[int, ...]] = set()  # shapes of inputs that were looked at for probabilities


def reads_values(tensor: Tensor) -> bool:
    """Say whether values of this tensor may be read, which `check_values` rules."""
    if torch.compiler.is_compiling() or tensor.numel() == 0:
        return False
    if _values_are_read == "cpu":
        return tensor.device.type == "cpu"
    return _values_are_read == "everywhere"


def refused(argument: str, came: str, wanted: str) -> InvalidError:
    """Return the error for an argument: its name, what came and what is wanted."""
    return InvalidError(
        "loss.argument",
        "{argument} is refused: it is {came}, wanted is {wanted}",
        argument=argument,
        came=came,
        wanted=wanted,
    )


def check_scores(input: Tensor) -> None:
    """Check that the input holds floating-point numbers."""
    if not input.is_floating_point():
        raise refused("input", f"of type {_type(input)}", "a floating-point tensor")


def check_same_shape(input: Tensor, target: Tensor) -> None:
    """Check an input and a target with one real number for each of its numbers."""
    check_scores(input)
    if target.is_complex() or target.dtype == torch.bool:
        raise refused("target", f"of type {_type(target)}", "a tensor of real numbers")
    _check_shape(target, input.shape)


def check_amounts(input: Tensor, target: Tensor) -> None:
    """Check an input and a target with one real number each, the target's being 0 or more."""
    check_same_shape(input, target)
    _check_range(target, 0, math.inf, "values of 0 or more, in their own unit")


def check_classes(
    input: Tensor,
    target: Tensor,
    *,
    ignore_index: int,
    weight: Tensor | None = None,
    weight_name: str = "weight",
    probabilities: bool = False,
    least_dimensions: int = 1,
) -> None:
    """Check scores (N, C, d1, …) against class indices (N, d1, …), or probabilities if allowed."""
    check_scores(input)
    if input.ndim < least_dimensions:
        axes = ", ".join(["N", "C", "height", "width"][:least_dimensions])
        raise refused("input", f"of shape {_shape(input.shape)}", f"({axes})")
    axis = class_axis(input)
    classes = input.shape[axis]
    if weight is not None:
        check_class_weights(weight, classes, input, name=weight_name)
    if target.is_floating_point():
        if not probabilities:
            raise refused("target", f"of type {_type(target)}", "int64 class indices")
        _check_shape(target, input.shape)
        _check_range(target, 0, 1, "probabilities between 0 and 1")
        return
    if target.dtype in (torch.bool, torch.complex64, torch.complex128):
        raise refused("target", f"of type {_type(target)}", "int64 class indices")
    _check_shape(target, input.shape[:axis] + input.shape[axis + 1 :])
    wanted = f"class indices from 0 to {classes - 1}, or {ignore_index} to leave one out"
    _check_range(target, 0, classes - 1, wanted, ignored=ignore_index)
    look_for_probabilities(input, axis)


def look_for_probabilities(input: Tensor, axis: int) -> None:
    """Warn once where an input is already a softmax; the first of every shape is looked at.

    A model that ends in a softmax does so from its first batch on, so later ones cost nothing.
    """
    if input.shape in _looked_at or not reads_values(input) or _in_a_transform():
        return
    if len(_looked_at) == _MOST_SHAPES:
        return
    _looked_at.add(input.shape)
    scores = input.detach().float()
    least, most = (end.item() for end in torch.aminmax(scores))
    if input.shape[axis] < 2 or least < 0 or most > 1:
        return
    accuracy = 4 * torch.finfo(input.dtype).eps + 1e-4
    if bool(((scores.sum(axis) - 1).abs() <= accuracy).all()):
        warnings.warn(
            "input looks like probabilities: every number is between 0 and 1 and they add up to 1 "
            "over the classes; wanted are scores (logits), so leave the model's softmax out",
            ProbabilitiesWarning,
            stacklevel=2,
        )


def _in_a_transform() -> bool:
    return torch._C._functorch.peek_interpreter_stack() is not None


def check_answers(
    input: Tensor, target: Tensor, *, ignore_index: int, **factors: Tensor | None
) -> None:
    """Check scores against yes-or-no answers of the same shape, and factors that broadcast."""
    check_scores(input)
    if target.is_complex():
        raise refused("target", f"of type {_type(target)}", "numbers between 0 and 1")
    _check_shape(target, input.shape)
    for name, factor in factors.items():
        if factor is not None and not _broadcasts(factor.shape, input.shape):
            raise refused(
                name,
                f"of shape {_shape(factor.shape)}",
                f"one that broadcasts to the input's shape {_shape(input.shape)}",
            )
    if target.dtype != torch.bool:
        wanted = f"numbers between 0 and 1, or {ignore_index} to leave one out"
        _check_range(target, 0, 1, wanted, ignored=ignore_index)


def all_are_plain(input: Tensor, target: Tensor) -> bool:
    """Say whether all scores are finite and all answers in [0, 1]; False where none are read."""
    if not reads_values(target) or target.dtype == torch.bool or _in_a_transform():
        return False
    ends = [*torch.aminmax(target), *torch.aminmax(input.detach())]
    least, most, lowest, highest = (end.item() for end in ends)
    return least >= 0 and most <= 1 and -math.inf < lowest and highest < math.inf


def check_masks(input: Tensor) -> None:
    """Check that the input holds a mask for each object, (M, height, width)."""
    if input.ndim != 3:
        wanted = "(M, height, width): one mask for each object"
        raise refused("input", f"of shape {_shape(input.shape)}", wanted)


def check_boxes(input: Tensor, target: Tensor) -> None:
    """Check matched pairs of boxes, (M, 4) each."""
    for name, boxes in (("input", input), ("target", target)):
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise refused(name, f"of shape {_shape(boxes.shape)}", "(M, 4): one box in each row")
    check_same_shape(input, target)


def check_class_weights(weight: Tensor, classes: int, input: Tensor, *, name: str) -> None:
    """Check that there is one factor for each class, where the input is."""
    if weight.shape != (classes,):
        raise refused(
            name,
            f"of shape {_shape(weight.shape)}",
            f"({classes},): one number for each class of the input {_shape(input.shape)}",
        )
    if weight.device != input.device:
        raise refused(
            name, f"on {weight.device}", f"on {input.device}: move the loss with .to(device)"
        )


def class_axis(input: Tensor) -> int:
    """Return the axis of the classes: the second, or the only one of a single item."""
    return 0 if input.ndim == 1 else 1


def _check_shape(target: Tensor, wanted: torch.Size) -> None:
    if target.shape != wanted:
        raise refused("target", f"of shape {_shape(target.shape)}", _shape(wanted))


def _check_range(
    target: Tensor, lowest: float, highest: float, wanted: str, *, ignored: int | None = None
) -> None:
    if not reads_values(target):
        return
    least, most = (end.item() for end in torch.aminmax(target))
    if least >= lowest and most <= highest:  # the usual case costs one pass
        return
    good = (target >= lowest) & (target <= highest)
    if ignored is not None:
        good |= target == ignored
    if not bool(good.all()):
        found: Any = target[~good][0].item()
        raise refused("target", f"{found:g} somewhere", wanted)


def _broadcasts(shape: torch.Size, onto: torch.Size) -> bool:
    return len(shape) <= len(onto) and all(
        size in (1, wanted) for size, wanted in zip(reversed(shape), reversed(onto), strict=False)
    )


def _shape(shape: torch.Size) -> str:
    return str(tuple(shape))


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
