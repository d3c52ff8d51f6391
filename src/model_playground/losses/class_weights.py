"""Weights for classes of unequal frequency, from how often each occurs in the train part.

They are plain lists, for the `weight` or `alpha` of any loss with a factor for each class. In an
experiment the words `balanced` and `effective` stand for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from model_playground.core.contracts import ClassWeighting
from model_playground.core.errors import InvalidError


def balanced_weights(counts: Iterable[float]) -> list[float]:
    r"""Return weights under which every class counts the same in all: inverse to its frequency.

    Formula:
        w_c \propto \frac{n}{C\, n_c}, \qquad \text{scaled to a mean of 1 over present classes}

    Args:
        counts: how many items (or pixels) of each class there are; numbers or a tensor.

    Returns:
        A weight for each class. A class that does not occur at all gets 1, the mean.

    Raises:
        ValueError: a count is negative or not finite, or all are 0.

    Example:
        >>> balanced_weights([30, 10])   # 1/30 and 1/10, times 15
        [0.5, 1.5]

    Reference:
        King and Zeng, Logistic regression in rare events data (2001)
    """
    return _weights([float(count) for count in counts], lambda count: 1 / count)


def effective_number_weights(counts: Iterable[float], *, beta: float | None = None) -> list[float]:
    r"""Return weights inverse to the effective number of each class, which grows ever more slowly.

    A further item of a frequent class says little that is new, so beyond some number more items
    do not lower the weight: between no weights (β = 0) and balanced ones (β → 1).

    Formula:
        w_c \propto \frac{1 - \beta}{1 - \beta^{n_c}}, \qquad
        \text{scaled to a mean of 1 over present classes}

    Args:
        counts: how many items (or pixels) of each class there are; numbers or a tensor.
        beta: at least 0 and below 1; the effective number ends at 1 / (1 - β), which is 1000 for
            the paper's .999. Without it that end is the mean count of the present classes, so
            that it serves items and pixels alike, and multiples of the counts give the same.

    Returns:
        A weight for each class. A class that does not occur at all gets 1, the mean.

    Raises:
        ValueError: a count is negative or not finite, all are 0, or beta is out of bounds.

    Example:
        >>> effective_number_weights([2, 1], beta=0.5)   # 1 / 1.5 and 1 / 1, times 1.2
        [0.8, 1.20000...]

    Reference:
        Cui et al., Class-Balanced Loss Based on Effective Number of Samples, arXiv 1901.05555
    """
    numbers = [float(count) for count in counts]
    if beta is not None and not 0 <= beta < 1:
        raise InvalidError(
            "class_weights.beta",
            "beta={beta!r} is refused: it is at least 0 and below 1",
            beta=beta,
        )
    present = [number for number in numbers if number > 0]
    end = 1 / (1 - beta) if beta is not None else sum(present) / max(1, len(present))
    if end <= 1:  # β = 0: every class that is there counts once
        return _weights(numbers, lambda count: 1.0)
    log_beta = math.log1p(-1 / end)  # 1 - β itself would lose its digits where counts are pixels
    return _weights(numbers, lambda count: -1 / math.expm1(count * log_beta))


def class_weights(weighting: ClassWeighting, counts: Iterable[float]) -> list[float]:
    """Return the weights that a word in an experiment stands for.

    >>> class_weights("balanced", [30, 10])
    [0.5, 1.5]
    """
    return _WEIGHTINGS[weighting](counts)


_WEIGHTINGS: dict[ClassWeighting, Callable[[Iterable[float]], list[float]]] = {
    "balanced": balanced_weights,
    "effective": effective_number_weights,
}


def _weights(counts: list[float], of: Callable[[float], float]) -> list[float]:
    """Weigh the classes that occur, scale to a mean of 1, and give the others that mean."""
    if not all(count >= 0 and math.isfinite(count) for count in counts):
        raise InvalidError(
            "class_weights.count",
            "counts={counts!r} is refused: every class occurs 0 times or more",
            counts=counts,
        )
    raw = [of(count) for count in counts if count > 0]
    if not raw:
        raise InvalidError(
            "class_weights.nothing",
            "counts={counts!r} is refused: at least one class has to occur",
            counts=counts,
        )
    mean = sum(raw) / len(raw)
    return [of(count) / mean if count > 0 else 1.0 for count in counts]
