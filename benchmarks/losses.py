"""Time and memory of the losses beside their peers, forward and backward, in one run.

    python benchmarks/losses.py [--device cuda] [--repeats 7]

Times are medians of interleaved repeats, so that a disturbance hits ours and theirs alike. What is
kept is the memory held between forward and backward beyond the input and the target, in multiples
of the input's bytes. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from model_playground.losses import (
    BinaryFocalLoss,
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    GIoUBoxLoss,
)

Step = Callable[[Tensor, Tensor], Tensor]
SEGMENTATION = [(4, 19, 256, 256), (2, 150, 256, 256), (8, 3, 96, 96)]


def contests(device: str) -> list[tuple[str, Tensor, Tensor, dict[str, Step]]]:
    """List what is measured: a title, the input, the target, and the contestants, ours first."""
    found: list[tuple[str, Tensor, Tensor, dict[str, Step]]] = []
    for size in SEGMENTATION:
        scores = torch.randn(size, device=device)
        classes = torch.randint(size[1], (size[0], *size[2:]), device=device)
        shape = "×".join(map(str, size))
        alone: dict[str, Step] = {"torch cross_entropy": functional.cross_entropy}
        found += [
            (f"cross-entropy + IoU, {shape}", scores, classes, {"ours": CrossEntropyIoULoss2D()}),
            (f"Dice, {shape}", scores, classes, {"ours": DiceLoss()}),
            (f"cross-entropy, {shape}", scores, classes, {"ours": CrossEntropyLoss(), **alone}),
            (f"softmax focal, {shape}", scores, classes, {"ours": FocalLoss(), **alone}),
        ]
        found[-4][3].update(alone)
        with suppress(ImportError):
            from segmentation_models_pytorch.losses import DiceLoss as SmpDice
            from segmentation_models_pytorch.losses import JaccardLoss, SoftCrossEntropyLoss

            parts = (SoftCrossEntropyLoss(smooth_factor=0.0), JaccardLoss("multiclass"))
            found[-4][3]["SMP cross-entropy + Jaccard"] = partial(summed, parts)
            found[-3][3]["SMP Dice"] = SmpDice("multiclass")
    answers = torch.randn(2**23, device=device)
    yes = (torch.rand_like(answers) < 0.01).float()
    corner = torch.rand(1_000_000, 2, device=device) * 100
    boxes = torch.cat([corner, corner + 20 * torch.rand_like(corner) + 1], 1)
    truth = boxes + torch.randn_like(boxes)
    found += [
        ("binary focal, 8 M answers", answers, yes, {"ours": BinaryFocalLoss()}),
        ("GIoU, 1 M boxes", boxes, truth, {"ours": GIoUBoxLoss()}),
    ]
    with suppress(ImportError):
        from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

        found[-2][3]["torchvision"] = lambda x, y: sigmoid_focal_loss(x, y, reduction="mean")
        found[-1][3]["torchvision"] = lambda x, y: generalized_box_iou_loss(x, y, reduction="mean")
    return found


def summed(parts: tuple[Step, ...], input: Tensor, target: Tensor) -> Tensor:
    """Return the plain sum of several losses."""
    return torch.stack([part(input, target) for part in parts]).sum()


def duration_s(step: Step, input: Tensor, target: Tensor) -> float:
    """Time one forward and backward pass."""
    input.grad = None
    _wait(input)
    begun = time.perf_counter()
    step(input, target).backward()
    _wait(input)
    return time.perf_counter() - begun


def _wait(input: Tensor) -> None:
    if input.is_cuda:
        torch.cuda.synchronize()


def kept_share(step: Step, input: Tensor, target: Tensor) -> float:
    """Measure what forward keeps for backward, in multiples of the input's bytes."""
    given = {tensor.untyped_storage().data_ptr() for tensor in (input, target)}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        step(input, target)
    return sum(kept.values()) / (input.numel() * input.element_size())


def main() -> None:
    """Print a table for each contest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, {asked.device}, {torch.get_num_threads()} threads\n")
    print("| loss | who | ms | times ours | kept × input |")
    print("|---|---|---:|---:|---:|")
    for title, input, target, steps in contests(asked.device):
        input.requires_grad_()
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(asked.repeats + 1):
            for name, step in steps.items():
                times[name].append(duration_s(step, input, target))
        medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}
        for name, step in steps.items():
            kept = kept_share(step, input, target)
            factor = medians[name] / medians["ours"]
            print(f"| {title} | {name} | {1e3 * medians[name]:.1f} | {factor:.2f} | {kept:.2f} |")


if __name__ == "__main__":
    main()
