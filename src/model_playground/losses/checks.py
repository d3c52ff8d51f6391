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


_OF_INDICES = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
_WITHOUT_ARITHMETIC = (torch.uint16, torch.uint32, torch.uint64)  # PyTorch can but convert them

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


def are_dense(input: object, target: object) -> bool:
    """Say whether both are tensors of the usual layout, which alone the losses can read."""
    return (
        isinstance(input, Tensor)
        and isinstance(target, Tensor)
        and input.layout == torch.strided
        and target.layout == torch.strided
    )


def check_tensors(input: Tensor, target: Tensor) -> None:
    """Check that both are dense tensors of one device: where every other check begins."""
    if not are_dense(input, target):
        for name, given in (("input", input), ("target", target)):
            if not isinstance(given, Tensor):
                raise refused(name, f"of type {type(given).__name__}", "a tensor")
            if given.layout != torch.strided:
                layout = str(given.layout).removeprefix("torch.")
                raise refused(name, f"of layout {layout}", "a dense tensor: use .to_dense()")
    if target.device != input.device:
        raise refused("target", f"on {target.device}", f"on {input.device}, as the input is")


def check_scores(input: Tensor, target: Tensor) -> None:
    """Check two tensors, of which the input holds floating-point numbers."""
    check_tensors(input, target)
    if not input.is_floating_point():
        raise refused("input", f"of type {_type(input)}", "a floating-point tensor")


def check_same_shape(input: Tensor, target: Tensor) -> None:
    """Check an input and a target with one real number for each of its numbers."""
    check_scores(input, target)
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
    check_scores(input, target)
    if input.ndim < least_dimensions:
        axes = ", ".join(["N", "C", "height", "width"][: max(2, least_dimensions)])
        raise refused("input", f"of shape {_shape(input.shape)}", f"({axes})")
    axis = class_axis(input)
    classes = input.shape[axis]
    if classes == 0:
        raise refused("input", f"of shape {_shape(input.shape)}", "scores of at least one class")
    if weight is not None:
        check_class_weights(weight, classes, input, name=weight_name)
    of_indices = input.shape[:axis] + input.shape[axis + 1 :]
    if target.is_floating_point() and probabilities:
        if target.shape == of_indices != input.shape:
            wanted = f"int64 class indices, or probabilities of shape {_shape(input.shape)}"
            raise refused("target", f"of type {_type(target)}", wanted)
        _check_shape(target, input.shape)
        _check_range(target, 0, 1, "probabilities between 0 and 1")
        return
    if target.dtype not in _OF_INDICES:
        raise refused("target", f"of type {_type(target)}", "int64 class indices")
    _check_shape(target, of_indices)
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
    check_scores(input, target)
    if target.is_complex():
        raise refused("target", f"of type {_type(target)}", "numbers between 0 and 1")
    _check_shape(target, input.shape)
    for name, factor in factors.items():
        if factor is None:
            continue
        if not _broadcasts(factor.shape, input.shape):
            raise refused(
                name,
                f"of shape {_shape(factor.shape)}",
                f"one that broadcasts to the input's shape {_shape(input.shape)}",
            )
        _check_device(factor, input, name=name)
    if target.dtype != torch.bool:
        _check_ignored(ignore_index, target)
        wanted = f"numbers between 0 and 1, or {ignore_index} to leave one out"
        _check_range(target, 0, 1, wanted, ignored=ignore_index)


def _check_ignored(ignore_index: int, target: Tensor) -> None:
    """Refuse a number that the target's type cannot hold and would take for a yes or a no."""
    if target.is_floating_point() or target.dtype in _WITHOUT_ARITHMETIC:
        return
    held = torch.iinfo(target.dtype)
    if not held.min <= ignore_index <= held.max and ignore_index % 2**held.bits <= 1:
        wanted = f"a number from {held.min} to {held.max}, as the target of type {_type(target)}"
        raise refused("ignore_index", str(ignore_index), wanted)


def all_are_answers(target: Tensor) -> bool:
    """Say whether all numbers are in [0, 1]; False where none are read."""
    if not reads_values(target) or target.dtype == torch.bool or _in_a_transform():
        return False
    least, most = (end.item() for end in torch.aminmax(target))
    return bool(least >= 0 and most <= 1)


def check_masks(input: Tensor, target: Tensor) -> None:
    """Check two tensors, of which the input holds a mask for each object, (M, height, width)."""
    check_tensors(input, target)
    if input.ndim != 3:
        wanted = "(M, height, width): one mask for each object"
        raise refused("input", f"of shape {_shape(input.shape)}", wanted)


def check_boxes(input: Tensor, target: Tensor) -> None:
    """Check matched pairs of boxes, (M, 4) each."""
    check_tensors(input, target)
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
    _check_device(weight, input, name=name)


def class_axis(input: Tensor) -> int:
    """Return the axis of the classes: the second, or the only one of a single item."""
    return 0 if input.ndim == 1 else 1


def _check_device(factor: Tensor, input: Tensor, *, name: str) -> None:
    if factor.device != input.device:
        raise refused(
            name, f"on {factor.device}", f"on {input.device}: move the loss with .to(device)"
        )


def _check_shape(target: Tensor, wanted: torch.Size) -> None:
    if target.shape != wanted:
        raise refused("target", f"of shape {_shape(target.shape)}", _shape(wanted))


def _check_range(
    target: Tensor, lowest: float, highest: float, wanted: str, *, ignored: int | None = None
) -> None:
    if target.dtype in _WITHOUT_ARITHMETIC:
        raise refused("target", f"of type {_type(target)}", f"{wanted}, of type int64 or float32")
    if not reads_values(target):
        return
    least, most = (end.item() for end in torch.aminmax(target))
    if least >= lowest and most <= highest:  # the usual case costs one pass
        return
    good = (target >= lowest) & (target <= highest)
    if ignored is not None:
        # As int64: a comparison in uint8 takes 156 for -100.
        good |= (target if target.is_floating_point() else target.long()) == ignored
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
