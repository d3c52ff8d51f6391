"""Every loss once more, as plain loops over Python numbers, straight from its definition.

Each returns the value and the weight of every unit as (value, weight) pairs; a loss with several
addends returns one list for each, with its scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor

Units = list[tuple[float, float]]
Parts = list[tuple[float, Units]]  # scale and units of every addend


def total(parts: Parts, reduction: str) -> float:
    """Reduce as defined: Σ value, divided by Σ weight for the mean."""
    result = 0.0
    for scale, units in parts:
        numerator = sum(value for value, _ in units)
        denominator = sum(weight for _, weight in units)
        result += scale * (numerator if reduction == "sum" else numerator / denominator)
    return result


def softmax(scores: Sequence[float]) -> list[float]:
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def pixels(input: Tensor, target: Tensor) -> Iterator[tuple[list[float], Any]]:
    """Walk the units: the scores of all classes, and the class index or the probabilities."""
    scores = input.movedim(1, -1).reshape(-1, input.shape[1]).tolist()
    if target.is_floating_point():
        return zip(scores, target.movedim(1, -1).reshape(-1, input.shape[1]).tolist(), strict=True)
    return zip(scores, target.flatten().tolist(), strict=True)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Parts:
    classes = input.shape[1]
    w = weight or [1.0] * classes
    units = []
    for scores, y in pixels(input, target):
        if y == ignore_index:
            units.append((0.0, 0.0))
            continue
        p = softmax(scores)
        t = y if isinstance(y, list) else [float(c == y) for c in range(classes)]
        q = [(1 - label_smoothing) * share + label_smoothing / classes for share in t]
        value = -sum(w[c] * q[c] * math.log(p[c]) for c in range(classes))
        units.append((value, 1.0 if isinstance(y, list) else w[y]))
    return [(1.0, units)]


def focal(
    input: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: Sequence[float] | None = None,
    ignore_index: int = -100,
) -> Parts:
    units = []
    for scores, y in pixels(input, target):
        if y == ignore_index:
            units.append((0.0, 0.0))
            continue
        p = softmax(scores)[y]
        units.append((-(alpha[y] if alpha else 1.0) * (1 - p) ** gamma * math.log(p), 1.0))
    return [(1.0, units)]


def poly_1(input: Tensor, target: Tensor, epsilon: float = 1.0, ignore_index: int = -100) -> Parts:
    ((scale, units),) = cross_entropy(input, target, ignore_index=ignore_index)
    return [(scale, [(v + epsilon * (1 - math.exp(-v)) if w else 0.0, w) for v, w in units])]


def answers(
    input: Tensor, target: Tensor, cost: Callable[[float, float], float], ignore_index: int
) -> Parts:
    pairs = zip(input.flatten().tolist(), target.flatten().tolist(), strict=True)
    return [
        (1.0, [(0.0, 0.0) if y == ignore_index else (cost(sigmoid(z), y), 1.0) for z, y in pairs])
    ]


def binary_cross_entropy(
    input: Tensor, target: Tensor, pos_weight: float = 1.0, ignore_index: int = -100
) -> Parts:
    def cost(p: float, y: float) -> float:
        return -(pos_weight * y * math.log(p) + (1 - y) * math.log(1 - p))

    return answers(input, target, cost, ignore_index)


def binary_focal(
    input: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    ignore_index: int = -100,
) -> Parts:
    def cost(p: float, y: float) -> float:
        right = p * y + (1 - p) * (1 - y)
        factor = 1.0 if alpha is None else alpha * y + (1 - alpha) * (1 - y)
        return -factor * (1 - right) ** gamma * (y * math.log(p) + (1 - y) * math.log(1 - p))

    return answers(input, target, cost, ignore_index)


def asymmetric(
    input: Tensor,
    target: Tensor,
    gamma_positive: float = 1.0,
    gamma_negative: float = 4.0,
    margin: float = 0.05,
    ignore_index: int = -100,
) -> Parts:
    def cost(p: float, y: float) -> float:
        q = max(p - margin, 0)
        for_yes = (1 - p) ** gamma_positive * math.log(p)
        return -y * for_yes - (1 - y) * q**gamma_negative * math.log(1 - q)

    return answers(input, target, cost, ignore_index)


def values(input: Tensor, target: Tensor, cost: Callable[[float], float]) -> Parts:
    pairs = zip(input.flatten().tolist(), target.flatten().tolist(), strict=True)
    return [(1.0, [(cost(x - y), 1.0) for x, y in pairs])]


def mse(input: Tensor, target: Tensor) -> Parts:
    return values(input, target, lambda x: x**2)


def l1(input: Tensor, target: Tensor) -> Parts:
    return values(input, target, abs)


def smooth_l1(input: Tensor, target: Tensor, beta: float = 1.0) -> Parts:
    return values(
        input, target, lambda x: x**2 / (2 * beta) if abs(x) < beta else abs(x) - beta / 2
    )


def huber(input: Tensor, target: Tensor, delta: float = 1.0) -> Parts:
    return values(
        input, target, lambda x: x**2 / 2 if abs(x) <= delta else delta * (abs(x) - delta / 2)
    )


def quantile(input: Tensor, target: Tensor, quantile: float = 0.5) -> Parts:
    return values(input, target, lambda x: quantile * -x if x < 0 else (1 - quantile) * x)


Region = list[tuple[float, float]]  # probability and truth of every pixel of a class


def regions(input: Tensor, target: Tensor, ignore_index: int) -> list[Region]:
    """Collect the pixels of every class that are not ignored."""
    found: list[Region] = [[] for _ in range(input.shape[1])]
    if input.shape == target.shape:
        answers = target.movedim(1, -1).reshape(-1, input.shape[1]).tolist()
        scores = input.movedim(1, -1).reshape(-1, input.shape[1]).tolist()
        for z, t in zip(scores, answers, strict=True):
            for c, region in enumerate(found):
                if t[c] != ignore_index:
                    region.append((sigmoid(z[c]), t[c]))
        return found
    for scores, y in pixels(input, target):
        if y != ignore_index:
            for c, p in enumerate(softmax(scores)):
                found[c].append((p, float(c == y)))
    return found


def overlap(lost: Callable[..., float]) -> Callable[..., Parts]:
    """Make the reference of a loss of overlap from that of one region."""

    def reference(
        input: Tensor,
        target: Tensor,
        weight: Sequence[float] | None = None,
        absent: str = "skip",
        per_image: bool = False,
        ignore_index: int = -100,
        **parameters: Any,
    ) -> Parts:
        groups = [slice(n, n + 1) for n in range(len(input))] if per_image else [slice(None)]
        units = []
        for group in groups:
            for c, region in enumerate(regions(input[group], target[group], ignore_index)):
                present = any(t > 0 for _, t in region)
                counted = present or (absent == "count" and any(p > 0 for p, _ in region))
                w = (weight[c] if weight else 1.0) if counted else 0.0
                units.append((w * lost(region, **parameters) if w else 0.0, w))
        return [(1.0, units)]

    reference.__name__ = lost.__name__
    return reference


def sums(region: Region) -> tuple[float, float, float]:
    shared = sum((p + t - abs(p - t)) / 2 for p, t in region)
    return shared, sum(p for p, _ in region), sum(t for _, t in region)


@overlap
def soft_iou(region: Region) -> float:
    shared, predicted, true = sums(region)
    return 1 - shared / (predicted + true - shared)


@overlap
def dice(region: Region, squared: bool = False) -> float:
    if squared:
        top = 2 * sum(p * t for p, t in region)
        return 1 - top / (sum(p**2 for p, _ in region) + sum(t**2 for _, t in region))
    shared, predicted, true = sums(region)
    return 1 - 2 * shared / (predicted + true)


def tversky_of(region: Region, alpha: float, beta: float) -> float:
    shared, predicted, true = sums(region)
    return 1 - shared / (shared + alpha * (predicted - shared) + beta * (true - shared))


@overlap
def tversky(region: Region, alpha: float = 0.3, beta: float = 0.7) -> float:
    return tversky_of(region, alpha, beta)


@overlap
def focal_tversky(
    region: Region, alpha: float = 0.3, beta: float = 0.7, gamma: float = 4 / 3
) -> float:
    return tversky_of(region, alpha, beta) ** (1 / gamma)


@overlap
def lovasz(region: Region) -> float:
    """Add the pixels to the wrong ones one by one, worst first, and recount the IoU each time."""
    ranked = sorted(region, key=lambda pixel: -abs(pixel[1] - pixel[0]))
    result = before = 0.0
    for count, (p, t) in enumerate(ranked, 1):
        wrong = ranked[:count]
        missed = sum(t == 1 for _, t in wrong)
        false = sum(t == 0 for _, t in wrong)
        true = sum(t == 1 for _, t in region)
        jaccard = 1 - (true - missed) / (true + false)
        result += abs(t - p) * (jaccard - before)
        before = jaccard
    return result


def cross_entropy_iou_2d(
    input: Tensor,
    target: Tensor,
    iou_weight: float = 0.5,
    weight: Sequence[float] | None = None,
    ignore_index: int = -100,
    **grouping: Any,
) -> Parts:
    pixel = cross_entropy(input, target, weight=weight, ignore_index=ignore_index)
    region = soft_iou(input, target, weight=weight, ignore_index=ignore_index, **grouping)
    return [(1 - iou_weight, pixel[0][1]), (iou_weight, region[0][1])]


def pairs(
    input: Tensor, target: Tensor, cost: Callable[[list[float], list[float]], float]
) -> Parts:
    both = zip(input.tolist(), target.tolist(), strict=True)
    return [(1.0, [(cost(a, b), 1.0) for a, b in both])]


def numbers(input: Tensor, target: Tensor, cost: Callable[[float], float]) -> Parts:
    """Average a cost over the four differences of every pair."""
    return pairs(
        input, target, lambda a, b: sum(cost(abs(x - y)) for x, y in zip(a, b, strict=True)) / 4
    )


def l1_box(input: Tensor, target: Tensor) -> Parts:
    return numbers(input, target, lambda d: d)


def smooth_l1_box(input: Tensor, target: Tensor, beta: float = 1.0) -> Parts:
    return numbers(input, target, lambda d: d**2 / (2 * beta) if d < beta else d - beta / 2)


def balanced_l1_box(
    input: Tensor, target: Tensor, alpha: float = 0.5, gamma: float = 1.5, beta: float = 1.0
) -> Parts:
    b = math.exp(gamma / alpha) - 1

    def cost(d: float) -> float:
        if d < beta:
            return alpha / b * (b * d + 1) * math.log(b * d / beta + 1) - alpha * d
        return gamma * d + gamma / b - alpha * beta

    return numbers(input, target, cost)


Box = list[float]


def area(x1: float, y1: float, x2: float, y2: float) -> float:
    return max(x2 - x1, 0) * max(y2 - y1, 0)


def sides(box: Box) -> tuple[float, float]:
    return max(box[2] - box[0], 0), max(box[3] - box[1], 0)


def joint(a: Box, b: Box) -> tuple[float, float]:
    """Return the shared and the joint area."""
    shared = area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    return shared, area(*a) + area(*b) - shared


def iou(a: Box, b: Box) -> float:
    shared, union = joint(a, b)
    return shared / union if union else 0.0


def sides_around(a: Box, b: Box) -> tuple[float, float]:
    """Return width and height of the smallest box around all four corners."""
    xs, ys = (a[0], a[2], b[0], b[2]), (a[1], a[3], b[1], b[3])
    return max(xs) - min(xs), max(ys) - min(ys)


def shifts(a: Box, b: Box) -> tuple[float, float]:
    """Return how far the centres are apart, along x and y."""
    return (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2


def centres_apart(a: Box, b: Box, around: tuple[float, float] | None = None) -> float:
    """Return the squared distance of the centres over the squared diagonal around."""
    wide, high = around or sides_around(a, b)
    x, y = shifts(a, b)
    return (x**2 + y**2) / (wide**2 + high**2) if wide or high else 0.0


def iou_box(input: Tensor, target: Tensor, form: str = "linear") -> Parts:
    def cost(a: Box, b: Box) -> float:
        return 1 - iou(a, b) if form == "linear" else -math.log(max(iou(a, b), 1e-6))

    return pairs(input, target, cost)


def giou_box(input: Tensor, target: Tensor) -> Parts:
    def cost(a: Box, b: Box) -> float:
        wide, high = sides_around(a, b)
        around, union = wide * high, joint(a, b)[1]
        return 1 - iou(a, b) + ((around - union) / around if around else 0.0)

    return pairs(input, target, cost)


def diou_box(input: Tensor, target: Tensor) -> Parts:
    return pairs(input, target, lambda a, b: 1 - iou(a, b) + centres_apart(a, b))


def proportions(a: Box, b: Box) -> float:
    """Return v of CIoU."""
    angles = []
    for wide, high in (sides(a), sides(b)):
        if not wide and not high:
            return 0.0
        angles.append(math.atan(wide / high) if high else math.pi / 2)
    return 4 / math.pi**2 * (angles[1] - angles[0]) ** 2


def weight_of_proportions(a: Box, b: Box) -> float:
    """Return α of CIoU, which its gradient holds constant."""
    v = proportions(a, b)
    return v / (1 - iou(a, b) + v) if v else 0.0


def ciou_box(input: Tensor, target: Tensor, held: list[float] | None = None) -> Parts:
    """Give CIoU; `held` is α of every pair, to compare gradients with."""
    given = iter(held or [])

    def cost(a: Box, b: Box) -> float:
        alpha = next(given) if held else weight_of_proportions(a, b)
        return 1 - iou(a, b) + centres_apart(a, b) + alpha * proportions(a, b)

    return pairs(input, target, cost)


def eiou_box(input: Tensor, target: Tensor) -> Parts:
    def cost(a: Box, b: Box) -> float:
        value = 1 - iou(a, b) + centres_apart(a, b)
        for mine, theirs, around in zip(sides(a), sides(b), sides_around(a, b), strict=True):
            value += (mine - theirs) ** 2 / around**2 if around else 0.0
        return value

    return pairs(input, target, cost)


def siou_box(input: Tensor, target: Tensor, theta: float = 4.0) -> Parts:
    def cost(a: Box, b: Box) -> float:
        x, y = shifts(a, b)
        sine = abs(y) / math.hypot(x, y) if x or y else 0.0
        angle = 1 - 2 * math.sin(math.asin(min(sine, 1.0)) - math.pi / 4) ** 2
        value = 0.0
        for shift, around in zip((x, y), sides_around(a, b), strict=True):
            rho = (shift / around) ** 2 if around else 0.0
            value += (1 - math.exp(-(2 - angle) * rho)) / 2
        for mine, theirs in zip(sides(a), sides(b), strict=True):
            larger = max(mine, theirs)
            omega = abs(mine - theirs) / larger if larger else 0.0
            value += (1 - math.exp(-omega)) ** theta / 2
        return 1 - iou(a, b) + value

    return pairs(input, target, cost)


def alpha_iou_box(input: Tensor, target: Tensor, alpha: float = 3.0) -> Parts:
    return pairs(input, target, lambda a, b: 1 - iou(a, b) ** alpha)


def wise_iou_box(
    input: Tensor,
    target: Tensor,
    version: str = "v3",
    alpha: float = 1.9,
    delta: float = 3.0,
    momentum: float = 0.01,
    mean: float = 1.0,
    held: list[Box] | None = None,
) -> Parts:
    """Give Wise-IoU beside a running mean; `held` are the inputs whose factors are constant."""
    given = iter(held or [])

    def cost(a: Box, b: Box) -> float:
        constant = next(given) if held else a
        distance = math.exp(centres_apart(a, b, sides_around(constant, b)))
        if version == "v1":
            return distance * (1 - iou(a, b))
        unusual = (1 - iou(constant, b)) / mean
        focus = unusual / (delta * alpha ** (unusual - delta))
        return focus * distance * (1 - iou(a, b))

    return pairs(input, target, cost)


def mpdiou_box(
    input: Tensor, target: Tensor, image_width: float = 640.0, image_height: float = 640.0
) -> Parts:
    def cost(a: Box, b: Box) -> float:
        first = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
        second = (a[2] - b[2]) ** 2 + (a[3] - b[3]) ** 2
        return 1 - iou(a, b) + (first + second) / (image_width**2 + image_height**2)

    return pairs(input, target, cost)


def nwd_box(input: Tensor, target: Tensor, constant: float = 12.8) -> Parts:
    def cost(a: Box, b: Box) -> float:
        (x, y), (w, h), (v, k) = shifts(a, b), sides(a), sides(b)
        distance = math.sqrt(x**2 + y**2 + ((w - v) / 2) ** 2 + ((h - k) / 2) ** 2)
        return 1 - math.exp(-distance / constant)

    return pairs(input, target, cost)


def bounding_box_regression(
    input: Tensor, target: Tensor, kind: str = "giou", options: dict[str, Any] | None = None
) -> Parts:
    return REFERENCES[f"{kind}_box"](input, target, **(options or {}))


def log_cosh(input: Tensor, target: Tensor, scale: float = 1.0) -> Parts:
    return values(input, target, lambda x: scale**2 * math.log(math.cosh(x / scale)))


def msle(input: Tensor, target: Tensor) -> Parts:
    both = zip(input.flatten().tolist(), target.flatten().tolist(), strict=True)
    units = []
    for predicted, y in both:
        logarithm = math.log(1 + predicted) if predicted >= 0 else predicted
        units.append(((logarithm - math.log(1 + y)) ** 2, 1.0))
    return [(1.0, units)]


def symmetric_cross_entropy(
    input: Tensor,
    target: Tensor,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = -4.0,
    ignore_index: int = -100,
) -> Parts:
    units = []
    for scores, y in pixels(input, target):
        if y == ignore_index:
            units.append((0.0, 0.0))
            continue
        p = softmax(scores)
        reverse = -sum(p[c] * (0.0 if c == y else log_zero) for c in range(len(p)))
        units.append((-alpha * math.log(p[y]) + beta * reverse, 1.0))
    return [(1.0, units)]


def generalised_cross_entropy(
    input: Tensor, target: Tensor, q: float = 0.7, ignore_index: int = -100
) -> Parts:
    units = []
    for scores, y in pixels(input, target):
        if y == ignore_index:
            units.append((0.0, 0.0))
        else:
            units.append(((1 - softmax(scores)[y] ** q) / q, 1.0))
    return [(1.0, units)]


def boundary(
    input: Tensor,
    target: Tensor,
    weight: Sequence[float] | None = None,
    ignore_index: int = -100,
) -> Parts:
    """Measure from every pixel to every other one of the same image."""
    units = []
    answers = input.shape == target.shape
    for scores, truth in zip(input, target, strict=True):
        places = [tuple(place) for place in (scores[0] == scores[0]).nonzero().tolist()]
        for c in range(len(scores)):
            mark = truth[c] if answers else truth
            kept = [place for place in places if mark[place].item() != ignore_index]
            inside = {place for place in kept if mark[place].item() == (1 if answers else c)}
            for place in places:
                other = [one for one in kept if (one in inside) != (place in inside)]
                if place not in kept or not other:
                    units.append((0.0, 0.0))
                    continue
                nearest = min(math.dist(place, one) for one in other)
                phi = 1 - nearest if place in inside else nearest
                z = [score[place].item() for score in scores]
                p = sigmoid(z[c]) if answers else softmax(z)[c]
                w = weight[c] if weight else 1.0
                units.append((w * phi * p, w))
    return [(1.0, units)]


def binary_cross_entropy_dice_mask(
    input: Tensor, target: Tensor, dice_weight: float = 1.0, ignore_index: int = -100
) -> Parts:
    of_pixels, of_masks = [], []
    for scores, truth in zip(input, target, strict=True):
        marked = list(zip(scores.flatten().tolist(), truth.flatten().tolist(), strict=True))
        region = [(sigmoid(z), y) for z, y in marked if y != ignore_index]
        for z, y in marked:
            if y == ignore_index:
                of_pixels.append((0.0, 0.0))
                continue
            p = sigmoid(z)
            surprise = -(y * math.log(p) + (1 - y) * math.log(1 - p))
            of_pixels.append((surprise / len(region), 1 / len(region)))
        shared, predicted, true = sums(region)
        if true > 0:
            of_masks.append((1 - 2 * shared / (predicted + true), 1.0))
        else:
            of_masks.append((0.0, 0.0))
    return [(1.0, of_pixels), (dice_weight, of_masks)]


REFERENCES: dict[str, Callable[..., Parts]] = {
    reference.__name__: reference
    for reference in (
        cross_entropy,
        focal,
        binary_cross_entropy,
        binary_focal,
        mse,
        l1,
        smooth_l1,
        huber,
        quantile,
        poly_1,
        asymmetric,
        soft_iou,
        dice,
        tversky,
        focal_tversky,
        lovasz,
        cross_entropy_iou_2d,
        l1_box,
        smooth_l1_box,
        balanced_l1_box,
        iou_box,
        giou_box,
        diou_box,
        ciou_box,
        eiou_box,
        siou_box,
        alpha_iou_box,
        wise_iou_box,
        mpdiou_box,
        nwd_box,
        bounding_box_regression,
        log_cosh,
        msle,
        symmetric_cross_entropy,
        generalised_cross_entropy,
        boundary,
        binary_cross_entropy_dice_mask,
    )
}
