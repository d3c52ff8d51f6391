"""PyTorch's own shipped samples, run against our losses: values, slopes, and what departs.

They are the inputs with which PyTorch tests these functions on every device. The numbers expected
are those of the functions themselves and, where one is shipped, of the reference beside them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from model_playground.core.errors import InvalidError
from model_playground.losses import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    SmoothL1Loss,
)

OURS: dict[str, type[Loss]] = {
    "CrossEntropyLoss": CrossEntropyLoss,
    "NLLLoss": CrossEntropyLoss,
    "BCELoss": BinaryCrossEntropyLoss,
    "BCEWithLogitsLoss": BinaryCrossEntropyLoss,
    "MSELoss": MSELoss,
    "L1Loss": L1Loss,
    "SmoothL1Loss": SmoothL1Loss,
    "HuberLoss": HuberLoss,
}
FUNCTIONS = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
}

LEAST = {
    "CrossEntropyLoss": 126,
    "NLLLoss": 93,
    "BCELoss": 20,
    "BCEWithLogitsLoss": 35,
    "MSELoss": 17,
    "L1Loss": 14,
    "SmoothL1Loss": 19,
    "HuberLoss": 16,
}
"""How many samples there are of each at least, so that they cannot dwindle unnoticed."""

MUST_DEPART = {
    "a negative weight": "weights are 0 or more: a loss below 0 for being wrong is refused by name",
    "probabilities for scores": "ours reads scores: it is given the logit of the probability",
    "scores for log-probabilities": "ours takes the logarithm of the softmax itself",
    "a target out of range": "answers lie between 0 and 1: others are refused by name",
}
"""Why a sample is not run exactly as it is; every other is."""


class Sample(NamedTuple):
    """A shipped sample, and PyTorch's function with its parameters."""

    name: str
    of: str
    parameters: dict[str, Any]
    input: Tensor
    target: Tensor
    theirs: Callable[..., Tensor]
    reference: Callable[[Tensor, Tensor], Tensor] | None


@cache
def shipped() -> tuple[Sample, ...]:
    """Draw all samples; their numbers come from the generators of torch and of Python."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        before = random.getstate()
        random.seed(0)
        try:
            return (*_of_modules(), *_of_functions(), *_of_single_items())
        finally:
            random.setstate(before)


def _of_modules() -> Iterator[Sample]:
    from torch.testing._internal.common_modules import module_db

    for module in module_db:
        of = module.name.removeprefix("nn.")
        if of not in OURS:
            continue
        for number, sample in enumerate(
            module.module_inputs_func(module, "cpu", torch.float64, False, False)
        ):
            given, parameters = sample.constructor_input, sample.constructor_input.kwargs
            assert not given.args
            theirs = module.module_cls(**parameters)
            yield Sample(
                f"module {of} {number} {sample.desc}",
                of,
                parameters,
                *sample.forward_input.args,
                theirs,
                _reference(sample.reference_fn, theirs),
            )


def _reference(
    shipped: Callable[..., Tensor] | None, module: torch.nn.Module
) -> Callable[[Tensor, Tensor], Tensor] | None:
    if shipped is None:
        return None
    return lambda input, target: shipped(module, input, target)


def _of_functions() -> Iterator[Sample]:
    from torch.testing._internal.common_methods_invocations import op_db

    for function in op_db:
        of = FUNCTIONS.get(function.name.removeprefix("nn.functional."))
        if of is None:
            continue
        for number, sample in enumerate(function.sample_inputs("cpu", torch.float64)):
            (target,) = sample.args

            def theirs(
                input: Tensor,
                target: Tensor,
                call: Callable[..., Tensor] = function.op,
                parameters: dict[str, Any] = sample.kwargs,
            ) -> Tensor:
                return call(input, target, **parameters)

            yield Sample(
                f"function {of} {number}", of, sample.kwargs, sample.input, target, theirs, None
            )


def _of_single_items() -> Iterator[Sample]:
    """Draw the samples without a batch axis, which are declared apart."""
    from torch.testing._internal.common_nn import criterion_tests

    for declared in criterion_tests:
        of, _, rest = declared["fullname"].partition("_")
        if of not in OURS:
            continue
        if "input_fn" in declared:
            input, target = declared["input_fn"](), declared["target_fn"]()
        else:
            sizes = (declared["input_size"], declared["target_size"])
            input, target = (torch.randn(size, dtype=torch.float64) for size in sizes)
        reduction = rest.rpartition("_")[2]
        theirs = getattr(torch.nn, of)(reduction=reduction)
        batched = declared["reference_fn"]
        yield Sample(
            f"single item {of} {reduction}",
            of,
            {"reduction": reduction},
            input,
            target,
            theirs,
            lambda input, target, batched=batched, theirs=theirs: batched(input, target, theirs),
        )


def samples_of(name: str) -> list[Sample]:
    return [sample for sample in shipped() if sample.of == name]


def departures(sample: Sample) -> set[str]:
    """Say why a sample cannot be run as it is: keys of MUST_DEPART."""
    reasons = set()
    factors = (sample.parameters.get(name) for name in ("weight", "pos_weight"))
    if any(factor is not None and bool((factor < 0).any()) for factor in factors):
        reasons.add("a negative weight")
    if sample.of == "BCELoss":
        reasons.add("probabilities for scores")
    if sample.of == "NLLLoss":
        reasons.add("scores for log-probabilities")
    if sample.of == "BCEWithLogitsLoss" and not _in_range(sample.target):
        reasons.add("a target out of range")
    return reasons


def _in_range(answers: Tensor) -> bool:
    return bool(((answers >= 0) & (answers <= 1)).all())


def run(sample: Sample) -> None:
    """Compare value and slope with PyTorch's, and the value with the shipped reference."""
    score = sample.input.detach().requires_grad_()
    given = score
    if sample.of == "NLLLoss":
        given = score.log_softmax(0 if score.ndim == 1 else 1)
    expected = sample.theirs(given, sample.target)
    assert expected.isfinite().all()
    found = OURS[sample.of](**sample.parameters)(
        score.logit() if sample.of == "BCELoss" else score, sample.target
    )
    torch.testing.assert_close(found, expected, msg=lambda text: f"{sample.name}: {text}")
    slopes = [torch.autograd.grad(value.sum(), score)[0] for value in (found, expected)]
    torch.testing.assert_close(*slopes, msg=lambda text: f"slope of {sample.name}: {text}")
    if sample.reference is not None:
        torch.testing.assert_close(found, sample.reference(given.detach(), sample.target))


def mended(sample: Sample, reasons: set[str]) -> Sample:
    """Show that ours refuses what it must, and return the sample with that put right."""
    ours = OURS[sample.of]
    if "a negative weight" in reasons:
        with pytest.raises(InvalidError, match="each factor is 0 or more"):
            ours(**sample.parameters)
        parameters = {
            name: value.abs() if isinstance(value, Tensor) else value
            for name, value in sample.parameters.items()
        }
        theirs = getattr(torch.nn, sample.of)(**parameters)
        sample = sample._replace(parameters=parameters, theirs=theirs, reference=None)
    if "a target out of range" in reasons:
        with pytest.raises(InvalidError, match=r"target is refused.*between 0 and 1"):
            ours(**sample.parameters)(sample.input, sample.target)
        sample = sample._replace(target=sample.target.sigmoid())
    return sample


@pytest.mark.parametrize("name", OURS)
def test_shipped_samples(name: str) -> None:
    samples = [sample for sample in shipped() if sample.of == name]
    assert len(samples) >= LEAST[name]
    for sample in samples:
        run(mended(sample, departures(sample)))


def test_most_samples_run_exactly_as_they_are() -> None:
    samples = shipped()
    unchanged = [sample for sample in samples if not departures(sample)]
    assert len(samples) >= sum(LEAST.values())
    assert len(unchanged) >= 160
    assert {reason for sample in samples for reason in departures(sample)} == MUST_DEPART.keys()
