"""The certificate: every loss of the package passes it, and each defect is found by its check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from loss_samples import ALL
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Layout, Link, Reading, TargetForm, Traits
from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import CertificateCheck
from model_playground.losses.base import Addend, Loss, in_float32
from model_playground.losses.certificate import certify, certify_file, certify_named
from model_playground.losses.checks import check_same_shape

VALUES = (Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)


class Sound(Loss):
    """The squared difference, as a user would write it."""

    name = "own_sound"
    title = "Sound"
    family = "own"
    reads = VALUES
    layouts = (Layout.ITEM,)

    def check(self, input: Tensor, target: Tensor) -> None:
        check_same_shape(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value = self.cost(in_float32(input) - in_float32(target))
        return value, torch.ones_like(value)

    def cost(self, difference: Tensor) -> Tensor:
        return difference.square()


class ShapesDiffer(Sound):
    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        return (input - target).square(), torch.ones(len(input))


class HasNoFormula(Loss):
    name = "own_empty"
    title = "Empty"
    family = "own"
    reads = VALUES
    layouts = (Layout.ITEM,)


class GivesNoPair(Sound):
    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        return (input - target).square(), 1.0  # type: ignore[return-value]


class Crashes(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        missing: dict[str, Tensor] = {}
        return missing["difference"]


class Exits(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        raise SystemExit


class NeedsScale(Sound):
    scale: float = Field(gt=0, description="has no default")

    def cost(self, difference: Tensor) -> Tensor:
        return (difference / self.scale).square()


class WeighsByInput(Sound):
    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value, _ = super().terms(input, target)
        return value, input.detach().abs()


class SumsInstead(Sound):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self.terms(input, target)[0].sum()


class Square(torch.autograd.Function):
    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, difference: Tensor) -> Tensor:
        context.save_for_backward(difference)
        return difference.square()

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, *slopes: Tensor) -> Tensor:
        (difference,) = context.saved_tensors  # type: ignore[attr-defined]
        return slopes[0] * difference  # 2 is forgotten


class HasAnotherGradient(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return Square.apply(difference)  # type: ignore[no-untyped-call, no-any-return]


class HoldsSecretly(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return difference.square() * difference.detach().abs()


class HoldsOpenly(HoldsSecretly):
    traits = Traits(detached=("the size of the difference",))


class HoldsInNoGrad(Sound):
    traits = Traits(detached=("the size of the difference",))

    def cost(self, difference: Tensor) -> Tensor:
        with torch.no_grad():
            size = difference.abs()
        return difference.square() * size


class HasNoGradient(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return difference.detach().square()


class HasARoot(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return difference.square().sqrt()


class StaysLow(Sound):
    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value = (input - target).tanh().square()
        return value, torch.ones_like(value)


class DividesByNothing(Sound):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self.terms(input, target)[0].mean()


class IgnoresInVain(Sound):
    ignore_index: int = Field(default=-100, description="is not looked at")


class LooksAtTheFirst(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return difference.square() * (1 + torch.arange(len(difference)).unsqueeze(1))


class ComparesWithTheBatch(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return (difference - difference.mean(0)).square()


class Learns(Sound):
    def __post_init__(self) -> None:
        self.factor = torch.nn.Parameter(torch.ones(1))


class Remembers(Sound):
    def __post_init__(self) -> None:
        self.register_buffer("seen", torch.zeros(1))


class CannotBePickled(Sound):
    def __post_init__(self) -> None:
        self.factor = lambda: 1


class AcceptsAnything(Sound):
    def check(self, input: Tensor, target: Tensor) -> None:
        pass


class ReadsAValue(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        return difference.square() if difference.sum() > 0 else 2 * difference.square()


class IndexesByMask(Sound):
    def cost(self, difference: Tensor) -> Tensor:
        value = difference.square()
        value[difference > 0] = difference.square()[difference > 0]
        return value


class HasAnotherFastPath(Sound):
    def fast_addends(self, input: Tensor, target: Tensor, *, per_image: bool) -> tuple[Addend, ...]:
        value, weight = self.terms(input, target)
        return (Addend(self.name, 1.0, 1.001 * value, weight),)


DEFECTS = [
    (ShapesDiffer, "units", r"shape \(4, 3\) and the weight \(4,\)"),
    (HasNoFormula, "units", r"HasNoFormula has no terms\(input, target\), its formula"),
    (GivesNoPair, "units", "two tensors|no attribute 'shape'"),
    (Crashes, "units", r"raises KeyError: 'difference' \(test_loss_certificate.py, line \d+\)"),
    (Exits, "units", "raises SystemExit"),
    (NeedsScale, "built", "NeedsScale needs the parameter 'scale'"),
    (WeighsByInput, "units", "the weight changes with the input"),
    (SumsInstead, "reductions", "mean: they differ by"),
    (HasAnotherGradient, "gradient", "is not that of the formula"),
    (HoldsSecretly, "gradient", "name these factors in traits.detached"),
    (HasNoGradient, "gradient", "the loss has no gradient"),
    (HasARoot, "finite", "× 0 in .*: the gradient is not finite|exact: the gradient"),
    (StaysLow, "types", "bfloat16: the loss is torch.bfloat16; sums are made in float32"),
    (DividesByNothing, "empty", "the mean of an empty batch is nan, not 0"),
    (IgnoresInVain, "ignored", "with everything ignored the loss is"),
    (LooksAtTheFirst, "order", "the batch in another order: they differ by"),
    (ComparesWithTheBatch, "batches", "a part in two batches against one: they differ by"),
    (Learns, "module", "parameters of its own"),
    (Remembers, "module", r"would be saved with the model \(seen\)"),
    (CannotBePickled, "module", "raises .*pickle"),
    (AcceptsAnything, "strict", "a target with fewer items is accepted"),
    (ReadsAValue, "waiting", "reading a value .* waits for the GPU"),
    (IndexesByMask, "waiting", "indexing by a mask,? waits for the GPU"),
    (ReadsAValue, "compiled", "raises Unsupported: Data-dependent branching"),
    (HasAnotherFastPath, "fast_path", "the value in torch.float64 .*: they differ by 0.001"),
]


def found_by(loss: type[Loss], name: str) -> CertificateCheck:
    checks = certify(loss, only=[name]).checks
    return next(check for check in checks if check.name == name)


@pytest.mark.parametrize(("loss", "check", "sentence"), DEFECTS)
def test_a_defect_is_found_by_its_check(loss: type[Loss], check: str, sentence: str) -> None:
    found = found_by(loss, check)
    assert found.state == "failed"
    assert re.search(sentence, found.found), found.found
    assert not certify(loss, only=[check]).passed


def test_a_sound_loss_passes_everything() -> None:
    certificate = certify(Sound)
    assert certificate.passed
    states = {check.name: check.state for check in certificate.checks}
    assert states.pop("speed") == "measured"
    assert {name for name, state in states.items() if state == "not applicable"} == {
        "ignored",
        "fast_path",
    }
    speed = certificate.checks[-1]
    assert speed.figures["formula_ms"] > 0
    # What is kept: the difference, for the square; as large as the input.
    assert speed.figures["formula_kept"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("loss", [HoldsOpenly, HoldsInNoGrad])
def test_a_declared_factor_is_held_constant(loss: type[Loss]) -> None:
    found = found_by(loss, "gradient")
    assert found.state == "passed", found.found
    assert "the size of the difference held constant" in found.found


def test_what_cannot_be_called_is_not_tried_further() -> None:
    states = [check.state for check in certify(Crashes).checks]
    assert states[:2] == ["passed", "failed"]
    assert set(states[2:]) == {"not tried"}


def test_parameters_are_those_given() -> None:
    certificate = certify(NeedsScale, {"scale": 2.0}, only=["gradient"])
    assert certificate.passed
    assert certificate.parameters == {"scale": 2.0}
    assert not certify(NeedsScale, {"scale": -2.0}, only=["gradient"]).passed


@pytest.mark.slow
@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
def test_every_loss_of_the_package_has_its_certificate(loss: type[Loss]) -> None:
    certificate = certify(loss)
    faults = {check.name: check.found for check in certificate.checks if check.state == "failed"}
    assert not faults


def test_a_loss_is_named_as_everywhere() -> None:
    certificate = certify_named("huber(delta=2)")
    assert certificate.passed
    assert (certificate.loss, certificate.parameters) == ("huber", {"delta": 2})
    with pytest.raises(NotFoundError, match="Did you mean huber"):
        certify_named("hubert")
    with pytest.raises(InvalidError, match="one loss is wanted here"):
        certify_named("mse + l1")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"gone\.py cannot be read"):
        certify_file(tmp_path / "gone.py")
