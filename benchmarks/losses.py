"""Time and memory of the losses beside their peers, forward and backward, in one run.

    python benchmarks/losses.py [--device cuda] [--repeats 9] [--only focal]

Times are medians of interleaved repeats, so that a disturbance hits ours and theirs alike; `ours /
theirs` is the median of the ratios of neighbours. Before that all run for some seconds unmeasured,
as in a training: memory that the machine touches for the first time can cost more than the work.
`kept` is what forward holds for backward beyond input and target, `peak` what the process grew by
at most, both in multiples of the input's bytes.
Peers that are not installed are left out. On a GPU the tensors are larger, several passes follow
each other before the clock is read, and a copy that moves the fewest bytes possible is timed too.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from model_playground.losses import (
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    CIoUBoxLoss,
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    DIoUBoxLoss,
    FocalLoss,
    GIoUBoxLoss,
    HuberLoss,
    L1Loss,
    LovaszLoss,
    MSELoss,
    SmoothL1Loss,
    SoftIoULoss,
    TverskyLoss,
)

Step = Callable[[Tensor, Tensor], Tensor]
SEGMENTATION = {
    "cpu": [(4, 19, 256, 256), (2, 150, 256, 256), (1, 4, 16, 16)],
    "cuda": [(16, 19, 512, 512), (8, 150, 512, 512)],
}
ANSWERS = {"cpu": (2**23, 2**10), "cuda": (2**26,)}
BOXES = {"cpu": (1_000_000, 250), "cuda": (8_000_000,)}
PASSES_ON_CUDA = 10
WARM_UP_S = 3


class Contest(NamedTuple):
    """One thing to compute, and who computes it: ours first."""

    title: str
    input: Tensor
    target: Tensor
    steps: dict[str, Step]
    floor: float = 0  # the fewest bytes that forward and backward move, in multiples of the input's


def contests(device: str) -> Iterator[Contest]:
    """Yield what is measured, one at a time: together the tensors would fill the memory."""
    for size in SEGMENTATION[device]:
        yield from _segmentation(size, device)
    yield _interpolation(device)
    for count in ANSWERS[device]:
        yield from _answers(count, device)
        yield from _values(count, device)
    for count in BOXES[device]:
        yield from _boxes(count, device)


def _segmentation(size: tuple[int, int, int, int], device: str) -> Iterator[Contest]:
    scores = torch.randn(size, device=device)
    classes = torch.randint(size[1], (size[0], *size[2:]), device=device)
    alone: dict[str, Step] = {"torch cross_entropy alone": functional.cross_entropy}
    joint: dict[str, Step] = dict(alone)
    focal: dict[str, Step] = dict(alone)
    dice: dict[str, Step] = {}
    jaccard: dict[str, Step] = {}
    tversky: dict[str, Step] = {}
    lovasz: dict[str, Step] = {}
    with suppress(ImportError):
        from segmentation_models_pytorch import losses as smp

        mode = "multiclass"
        parts = (smp.SoftCrossEntropyLoss(smooth_factor=0.0), smp.JaccardLoss(mode))
        joint["SMP cross-entropy + Jaccard"] = partial(summed, parts)
        focal["SMP"] = smp.FocalLoss(mode)
        dice["SMP"], jaccard["SMP"] = smp.DiceLoss(mode), smp.JaccardLoss(mode)
        tversky["SMP"], lovasz["SMP"] = smp.TverskyLoss(mode), smp.LovaszLoss(mode)
    with suppress(ImportError):
        from monai import losses as monai

        one_hot = {"to_onehot_y": True, "softmax": True}
        dice["MONAI"] = _with_channel(monai.DiceLoss(**one_hot))
        jaccard["MONAI"] = _with_channel(monai.DiceLoss(jaccard=True, **one_hot))
        tversky["MONAI"] = _with_channel(monai.TverskyLoss(**one_hot))
        focal["MONAI"] = _with_channel(monai.FocalLoss(to_onehot_y=True, use_softmax=True))
    shape = "×".join(map(str, size))
    for title, ours, theirs in (
        ("cross-entropy + IoU", CrossEntropyIoULoss2D(), joint),
        ("cross-entropy", CrossEntropyLoss(), alone),
        ("softmax focal", FocalLoss(), focal),
        ("Dice", DiceLoss(), dice),
        ("Jaccard", SoftIoULoss(), jaccard),
        ("Tversky", TverskyLoss(), tversky),
        ("Lovász", LovaszLoss(), lovasz),
    ):
        yield Contest(f"{title}, {shape}", scores, classes, {"ours": ours, **theirs}, floor=3)


def _interpolation(device: str) -> Contest:
    scores = torch.randn(4, 19, 64, 64, device=device)
    classes = torch.randint(19, (4, 256, 256), device=device)
    whole = CrossEntropyIoULoss2D()

    def first(input: Tensor, target: Tensor) -> Tensor:
        return whole(functional.interpolate(input, target.shape[1:], mode="bilinear"), target)

    steps: dict[str, Step] = {"ours": CrossEntropyIoULoss2D(interpolate=True), "first": first}
    return Contest("cross-entropy + IoU, 4×19×64×64 to 256×256", scores, classes, steps)


def _answers(count: int, device: str) -> Iterator[Contest]:
    scores = torch.randn(count, device=device)
    yes = (torch.rand_like(scores) < 0.01).float()
    steps: dict[str, Step] = {"ours": BinaryFocalLoss()}
    with suppress(ImportError):
        from torchvision.ops import sigmoid_focal_loss

        steps["torchvision"] = partial(sigmoid_focal_loss, reduction="mean")
        if count > 2**20:
            steps["torchvision compiled"] = torch.compile(steps["torchvision"])
    yield Contest(f"binary focal, {count:,} answers", scores, yes, steps, floor=5)
    peer = {"torch": functional.binary_cross_entropy_with_logits}
    steps = {"ours": BinaryCrossEntropyLoss(), **peer}
    yield Contest(f"binary cross-entropy, {count:,} answers", scores, yes, steps, floor=5)


def _values(count: int, device: str) -> Iterator[Contest]:
    found, truth = torch.randn(2, count, device=device)
    for ours, theirs in (
        (MSELoss(), functional.mse_loss),
        (L1Loss(), functional.l1_loss),
        (SmoothL1Loss(), functional.smooth_l1_loss),
        (HuberLoss(), functional.huber_loss),
    ):
        title = f"{ours.title.lower()}, {count:,} values"
        yield Contest(title, found, truth, {"ours": ours, "torch": theirs})


def _boxes(count: int, device: str) -> Iterator[Contest]:
    corner = torch.rand(count, 2, device=device) * 100
    size = 20 * torch.rand_like(corner) + 1
    truth = torch.cat([corner, corner + size], 1)
    boxes = truth + 0.1 * size.repeat(1, 2) * torch.randn_like(truth)
    peers: dict[str, Step] = {}
    with suppress(ImportError):
        from torchvision import ops

        peers["GIoU"] = ops.generalized_box_iou_loss
        peers["DIoU"] = ops.distance_box_iou_loss
        peers["CIoU"] = ops.complete_box_iou_loss
    for name, loss in (("GIoU", GIoUBoxLoss), ("DIoU", DIoUBoxLoss), ("CIoU", CIoUBoxLoss)):
        steps: dict[str, Step] = {"ours": loss()}
        if name in peers:
            steps["torchvision"] = partial(peers[name], reduction="mean")
        yield Contest(f"{name}, {count:,} boxes", boxes, truth, steps, floor=5)


def _with_channel(loss: Step) -> Step:
    return lambda input, target: loss(input, target.unsqueeze(1))


def summed(parts: tuple[Step, ...], input: Tensor, target: Tensor) -> Tensor:
    """Return the plain sum of several losses."""
    return torch.stack([part(input, target) for part in parts]).sum()


def duration_s(step: Step, input: Tensor, target: Tensor) -> float:
    """Time one forward and backward pass."""

    def run() -> None:
        input.grad = None
        step(input, target).backward()

    return _timed(run, input)


def copy_duration_s(input: Tensor, floor: float) -> float:
    """Time a copy that reads and writes so many times the input's bytes in all."""
    count = int(floor / 2 * input.numel())
    source, copy = torch.empty(2, count, dtype=input.dtype, device=input.device)
    copy.copy_(source)
    return _timed(lambda: copy.copy_(source), input)


def _timed(run: Callable[[], object], input: Tensor) -> float:
    passes = PASSES_ON_CUDA if input.is_cuda else 1
    _wait(input)
    begun = time.perf_counter()
    for _ in range(passes):
        run()
    _wait(input)
    return (time.perf_counter() - begun) / passes


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


def peak_share(step: Step, input: Tensor, target: Tensor) -> float:
    """Measure by how much memory grows at most, in multiples of the input's bytes."""
    input.grad = None
    size = input.numel() * input.element_size()
    if input.is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step(input, target).backward()
        return (torch.cuda.max_memory_allocated() - before) / size
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        step(input, target).backward()
        return (_memory("VmHWM") - before) / size
    return float("nan")


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=SEGMENTATION)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--only", default="", help="a part of the title")
    asked = parser.parse_args()
    torch.manual_seed(0)
    on = torch.cuda.get_device_name() if asked.device == "cuda" else "cpu"
    print(f"torch {torch.__version__}, {on}, {torch.get_num_threads()} threads\n")
    print("| loss | who | ms | ours / theirs | kept × input | peak × input |")
    print("|---|---|---:|---:|---:|---:|")
    for contest in contests(asked.device):
        if asked.only.lower() in contest.title.lower():
            measure(contest, asked.repeats)


def _interleaved(clocks: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Read every clock so many times, in turn."""
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(rounds):
        for name, clock in clocks.items():
            times[name].append(clock())
    return times


def measure(contest: Contest, repeats: int) -> None:
    """Print a row for each contestant."""
    title, input, target, steps, floor = contest
    input.requires_grad_()
    large = input.numel() > 2**16
    clocks: dict[str, Callable[[], float]] = {
        name: partial(duration_s, step, input, target) for name, step in steps.items()
    }
    if input.is_cuda and floor:
        clocks[f"a copy of {floor:g} × input"] = partial(copy_duration_s, input, floor)
    warm = time.perf_counter() + WARM_UP_S
    _interleaved(clocks, 2)
    while time.perf_counter() < warm:
        _interleaved(clocks, 1)
    times = _interleaved(clocks, repeats if large else 20 * repeats)
    for name, taken in times.items():
        ratio = statistics.median(
            ours / theirs for ours, theirs in zip(times["ours"], taken, strict=True)
        )
        kept, peak = (
            f"{share(steps[name], input, target):.2f}" if large and name in steps else ""
            for share in (kept_share, peak_share)
        )
        median = 1e3 * statistics.median(taken)
        print(f"| {title} | {name} | {median:.3g} | {ratio:.2f} | {kept} | {peak} |", flush=True)


if __name__ == "__main__":
    main()
