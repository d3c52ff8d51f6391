"""The losses between boxes beside torchvision's: many pairs, and a handful."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import torch
from torch import Tensor

from model_playground.losses import CIoUBoxLoss, DIoUBoxLoss, GIoUBoxLoss

Step = Callable[[Tensor, Tensor], Tensor]
PAIRS = {"1 M": 1_000_000, "250": 250}


def contests(device: str) -> list[tuple[str, Tensor, Tensor, dict[str, Step]]]:
    """List what is measured: a title, the input, the target, and the contestants, ours first."""
    found: list[tuple[str, Tensor, Tensor, dict[str, Step]]] = []
    for title, count in PAIRS.items():
        corner = torch.rand(count, 2, device=device) * 100
        boxes = torch.cat([corner, corner + 20 * torch.rand_like(corner) + 1], 1)
        truth = boxes + 0.2 * torch.randn_like(boxes)  # no corners become reversed
        for name, loss in (
            ("GIoU", GIoUBoxLoss()),
            ("DIoU", DIoUBoxLoss()),
            ("CIoU", CIoUBoxLoss()),
        ):
            steps: dict[str, Step] = {"ours": loss} | _torchvision(name)
            found.append((f"{name}, {title} boxes", boxes.clone(), truth, steps))
    return found


def _torchvision(name: str) -> dict[str, Step]:
    with suppress(ImportError):
        from torchvision import ops

        theirs = {
            "GIoU": ops.generalized_box_iou_loss,
            "DIoU": ops.distance_box_iou_loss,
            "CIoU": ops.complete_box_iou_loss,
        }
        return {"torchvision": partial(theirs[name], reduction="mean")}
    return {}
