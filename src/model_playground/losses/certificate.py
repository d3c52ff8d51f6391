"""The certificate of a loss: what every loss has to be and to do, tried on the loss itself.

The inputs are drawn from what the loss declares it reads (`losses.sampling`), so nothing has to be
written for a new loss. A check returns what it found, in a sentence with the measured figures; it
raises `_Unmet` where the loss fails and `_Inapplicable` where there is nothing to try. Whatever
else a loss raises is a failure too, and is told in the same way: a certificate never raises.
"""

from __future__ import annotations

import copy
import io
import pickle
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from model_playground.core.contracts import Layout, PerSample, TargetForm
from model_playground.core.expression import single_loss
from model_playground.core.records import CertificateCheck, LossCertificate
from model_playground.losses import kernels
from model_playground.losses.base import LOSSES, Addend, Loss, image_losses, reduced
from model_playground.losses.catalogue import load_plugin
from model_playground.losses.sampling import CLASSES, sample

LOW = (torch.float32, torch.bfloat16, torch.float16)
"""The types that a model's output may have."""

LARGEST = 6e4
"""The largest score that is tried: float16 ends at 65504."""

REPEATS = 5
"""How often a pass is timed; the median is told."""


class _Unmet(Exception):
    """The loss fails a check; the sentence says how."""


class _Inapplicable(Exception):
    """There is nothing to check; the sentence says why."""


@dataclass
class _Subject:
    """A loss under examination, with the parameters it is examined with."""

    loss: type[Loss]
    parameters: dict[str, Any]
    figures: dict[str, float] = field(default_factory=dict)  # what the running check measured

    def build(self, **parameters: Any) -> Loss:
        return self.loss(**{**self.parameters, **parameters}).eval()

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The JSON schema of each parameter."""
        schema: dict[str, Any] = self.loss.Record.model_json_schema().get("properties", {})
        return schema

    def measured(self, name: str, value: float) -> str:
        """Keep a figure for programs and return it for people."""
        self.figures[name] = value
        return f"{value:.2g}"


Check = Callable[[_Subject], str]


def certify_named(text: str) -> LossCertificate:
    """Try a registered loss, named as everywhere: `focal` or `focal(gamma=0.5)`.

    Raises:
        NotFoundError: no loss has that name.
        InvalidError: the text is no single loss.
    """
    term = single_loss(text)
    return certify(LOSSES[term.loss], term.parameters)


def certify_file(path: Path) -> list[LossCertificate]:
    """Try every loss that a user's own file registers.

    Raises:
        InvalidError: the file cannot be read, fails when it is run, or registers no loss.
    """
    load_plugin(path)
    own = [
        loss
        for loss in LOSSES
        if getattr(sys.modules[loss.__module__], "__plugin__", None) == str(path.resolve())
    ]
    return [certify(loss) for loss in own]


def certify(
    loss: type[Loss],
    parameters: dict[str, Any] | None = None,
    *,
    only: Collection[str] | None = None,
) -> LossCertificate:
    """Try everything that a loss has to be and to do, and say what was found.

    Args:
        loss: the loss; it need not be registered.
        parameters: what it is built with; its defaults if None.
        only: the names of the checks to make; all if None.
    """
    given = parameters or {}
    checks: list[CertificateCheck] = []
    for name, title, check in _BATTERY:
        if only is not None and name not in (*only, *_NEEDED):
            continue
        if any(done.state == "failed" and done.name in _NEEDED for done in checks):
            checks.append(_record(name, title, "not tried", "needs what has failed"))
        else:
            checks.append(_tried(name, title, check, _Subject(loss, given)))
    return LossCertificate(
        loss=loss.name,
        class_name=loss.__name__,
        parameters=given,
        passed=all(check.state != "failed" for check in checks),
        checks=tuple(checks),
    )


def _tried(name: str, title: str, check: Check, subject: _Subject) -> CertificateCheck:
    torch.manual_seed(0)
    try:
        with _quiet():
            found = check(subject)
    except _Inapplicable as reason:
        return _record(name, title, "not applicable", str(reason))
    except _Unmet as fault:
        return _record(name, title, "failed", str(fault), subject.figures)
    except (Exception, SystemExit) as error:  # a user's own loss may raise anything
        return _record(name, title, "failed", _said(error), subject.figures)
    state = "measured" if name in _MEASURED else "passed"
    return _record(name, title, state, found, subject.figures)


def _record(
    name: str, title: str, state: Any, found: str, figures: dict[str, float] | None = None
) -> CertificateCheck:
    return CertificateCheck(
        name=name, title=title, state=state, found=found, figures=dict(figures or {})
    )


def _said(error: BaseException) -> str:
    """Put an exception into a line: what kind it is, how its message begins, and where it rose."""
    message = " ".join(str(error).split())
    shown = message if len(message) <= 300 else f"{message[:300]}…"
    said = f"it raises {type(error).__name__}" + (f": {shown}" if shown else "")
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{said} ({Path(place.filename).name}, line {place.lineno})"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what a loss prints or warns of apart from the certificate."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


# What the checks share


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise _Unmet(fault)


def _slope(module: Callable[[Tensor, Tensor], Tensor], input: Tensor, target: Tensor) -> Tensor:
    input = input.detach().clone().requires_grad_()
    value = module(input, target)
    _require(
        value.requires_grad,
        "the loss has no gradient: something in it leaves the graph, such as .item() or .detach()",
    )
    (slope,) = torch.autograd.grad(value, input, allow_unused=True, materialize_grads=True)
    return slope


def _distance(found: Tensor, wanted: Tensor) -> float:
    """Return the largest difference, as a share of the larger size where that is above 1."""
    if found.numel() == 0:
        return 0.0
    found, wanted = found.detach().double(), wanted.detach().double()
    size = torch.maximum(found.abs(), wanted.abs()).clamp(min=1)
    return float(((found - wanted).abs() / size).max())


def _same(subject: _Subject, name: str, found: Tensor, wanted: Tensor, *, within: float) -> str:
    """Require two results to be the same, and return how far apart they are."""
    if found.shape != wanted.shape:
        raise _Unmet(f"{name}: of shape {tuple(found.shape)} instead of {tuple(wanted.shape)}")
    distance = _distance(found, wanted)
    if not distance <= within:  # also where it is no number
        raise _Unmet(f"{name}: they differ by {distance:.2g}, allowed is {within:g}")
    previous = subject.figures.get("largest_difference", 0.0)
    return subject.measured("largest_difference", max(previous, distance))


def _ignored(subject: _Subject, target: Tensor) -> Tensor:
    if "ignore_index" not in subject.fields:
        raise _Inapplicable("it has no ignore_index")
    default = subject.fields["ignore_index"]["default"]
    return torch.full_like(target, subject.parameters.get("ignore_index", default))


def _settings(subject: _Subject) -> list[dict[str, Any]]:
    """List parameters to try: as given, and each at its ends, in between, and of another choice."""
    found: list[dict[str, Any]] = [{}]
    for name, schema in subject.fields.items():
        for part in schema.get("anyOf", [schema]):
            if "enum" in part:
                found += [{name: value} for value in part["enum"]]
            elif part.get("type") == "boolean":
                found += [{name: value} for value in (False, True)]
            elif part.get("type") == "number":
                ends = [part[end] for end in ("minimum", "maximum") if end in part]
                found += [{name: float(value)} for value in [*ends, 0.5] if _within(value, part)]
    return found


def _within(value: float, schema: dict[str, Any]) -> bool:
    return bool(
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and schema.get("exclusiveMinimum", value - 1) < value
        and value < schema.get("exclusiveMaximum", value + 1)
    )


# The checks, in the order of the certificate


def _is_built(subject: _Subject) -> str:
    return repr(subject.build()).replace("\n", " ")


def _has_units(subject: _Subject) -> str:
    """Numerator and denominator have one shape, and the second depends on the target alone."""
    input, target = sample(subject.loss)
    module = subject.build()
    input.requires_grad_()
    module.check(input, target)
    addends = _formula(module, input, target, per_image=False)
    for addend in addends:
        value, weight = addend.value, addend.weight
        if value.shape != weight.shape:
            raise _Unmet(
                f"{addend.name}: the value has the shape {tuple(value.shape)} and the weight "
                f"{tuple(weight.shape)}: terms(input, target) returns two tensors of one shape"
            )
        _require(
            not weight.requires_grad and bool((weight >= 0).all()),
            f"{addend.name}: a weight is 0 or more and does not depend on the input",
        )
    elsewhere = _formula(module, input.detach() + 0.1, target, per_image=False)
    for here, there in zip(addends, elsewhere, strict=True):
        _require(
            torch.equal(here.weight, there.weight),
            f"{here.name}: the weight changes with the input; accumulation needs it to depend on "
            "the target alone",
        )
    for addend in _formula(module, input, target, per_image=True):
        _require(
            addend.value.shape[:1] == input.shape[:1],
            f"{addend.name}: with per_image the first axis is the image: {len(input)} of them, "
            f"not the shape {tuple(addend.value.shape)}",
        )
    return "; ".join(f"{one.name} {tuple(one.value.shape)}" for one in addends)


def _formula(module: Loss, input: Tensor, target: Tensor, *, per_image: bool) -> tuple[Addend, ...]:
    with kernels.formulas_only():
        found = module.addends(input, target, per_image=per_image)
    for addend in found:
        if not isinstance(addend.value, Tensor) or not isinstance(addend.weight, Tensor):
            raise _Unmet("terms(input, target) returns two tensors: the value and the weight")
    return found


def _reduces(subject: _Subject) -> str:
    input, target = sample(subject.loss)
    mean, sum_, none = (subject.build(reduction=one) for one in ("mean", "sum", "none"))
    addends = _formula(mean, input, target, per_image=False)
    _same(subject, "mean", mean(input, target), reduced(addends, "mean"), within=1e-9)
    _same(subject, "sum", sum_(input, target), reduced(addends, "sum"), within=1e-9)
    values = none(input, target)
    if len(addends) == 1:
        _same(subject, "none", values, addends[0].value, within=1e-9)
        return "mean = Σ value / Σ weight, sum = Σ value, none = the values"
    own = image_losses(_formula(mean, input, target, per_image=True))
    _same(subject, "none", values, own, within=1e-9)
    return "mean and sum are those of its addends, none is each image's own loss"


def _is_finite(subject: _Subject) -> str:
    """Extreme inputs in every type and for every setting: never an infinity, never a NaN."""
    tried = 0
    for setting in _settings(subject):
        try:
            module = subject.build(**setting)
        except ValueError:
            continue  # it refuses this setting together with the others
        # Smoothing and the like give a class that is ruled out a share in the truth: that is
        # infinitely wrong, so what is ruled out is tried with the parameters as given.
        ruled_out = [] if setting else list(_ruled_out(subject))
        for name, input, target in [*_extremes(subject), *ruled_out]:
            case = f"{name}{''.join(f', {key}={value}' for key, value in setting.items())}"
            value = module(input, target)
            _require(bool(value.isfinite()), f"{case}: the loss is {value.item()}")
            slope = _slope(module, input, target)
            _require(bool(slope.isfinite().all()), f"{case}: the gradient is not finite")
            tried += 1
    return f"value and gradient in {tried} cases"


def _extremes(subject: _Subject) -> Iterator[tuple[str, Tensor, Tensor]]:
    for dtype in LOW:
        kind = str(dtype).removeprefix("torch.")
        input, target = sample(subject.loss, dtype=dtype)
        for size in (1e4, 1.0, 1e-4, 0.0):
            scaled = (size * input.double()).clamp(-LARGEST, LARGEST).to(dtype)
            yield f"input × {size:g} in {kind}", scaled, target
    input, target = sample(subject.loss, dtype=torch.float32)
    if Layout.BOX in subject.loss.layouts:
        yield "identical boxes", target.clone(), target
        yield "boxes far apart", input + 1e4, target
        yield "reversed corners", input.roll(2, 1), target
        points, true_points = (boxes[:, :2].repeat(1, 2) for boxes in (input, target))
        yield "boxes without area", points, target
        yield "no area on either side", points, true_points
    elif subject.loss.reads[0].form in (TargetForm.VALUE, TargetForm.AMOUNT):
        yield "predictions that are exact", target.clone(), target
    elif subject.loss.reads[0].form is TargetForm.CLASS_INDEX:
        yield "one class alone in the batch", input, torch.zeros_like(target)
    elif subject.loss.reads[0].form is TargetForm.MULTI_HOT:
        yield "no yes at all", input, torch.zeros_like(target)


def _ruled_out(subject: _Subject) -> Iterator[tuple[str, Tensor, Tensor]]:
    input, target = sample(subject.loss, dtype=torch.float32)
    form = subject.loss.reads[0].form
    if form is TargetForm.CLASS_INDEX:
        input[:, -1] = -torch.inf
        yield "a score of −∞ for a class that is never true", input, target.clamp(max=CLASSES - 2)
    elif form is TargetForm.MULTI_HOT:
        yield "a score of −∞ where the answer is no", input.where(target != 0, -torch.inf), target


def _has_its_gradient(subject: _Subject) -> str:
    """The gradient is the formula's, compared with central differences in float64."""
    module = subject.build()
    input, target = sample(subject.loss, images=2, size_hw=(2, 3), seed=1)

    def formula(input: Tensor) -> Tensor:
        with kernels.formulas_only():
            value: Tensor = module(input, target)
        return value

    slope = _slope(lambda input, target: formula(input), input, target)
    distance = _distance(slope, _central_differences(formula, input))
    held = subject.loss.traits.detached
    if distance <= 1e-5 and not held:
        figure = subject.measured("largest_difference", distance)
        return f"differs from central differences by {figure}"
    record = _Held()
    with record:
        formula(input)
    with_held = _distance(slope, _central_differences(record.replayed(formula), input))
    if with_held > 1e-5:
        raise _Unmet(
            f"the gradient differs from central differences by "
            f"{subject.measured('largest_difference', min(distance, with_held))}: it is not that "
            "of the formula"
        )
    if not held:
        raise _Unmet(
            "the gradient is that of the formula only if what it detaches is held constant "
            f"(otherwise it differs by {distance:.2g}): name these factors in traits.detached"
        )
    return (
        f"with {' and '.join(held)} held constant, it differs from central differences by "
        f"{subject.measured('largest_difference', with_held)}"
    )


def _central_differences(formula: Callable[[Tensor], Tensor], input: Tensor) -> Tensor:
    step = 1e-6
    slope = torch.zeros_like(input)
    with torch.no_grad():
        for index in range(input.numel()):
            moved = torch.zeros_like(input)
            moved.view(-1)[index] = step
            slope.view(-1)[index] = (formula(input + moved) - formula(input - moved)) / (2 * step)
    return slope


_DETACHING = (Tensor.detach, Tensor.data.__get__)  # type: ignore[attr-defined]


class _Held(TorchFunctionMode):
    """Record what is detached in a first run, and give the same in later ones."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Tensor] = []
        self._next: int | None = None

    def replayed(self, formula: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        """Return the formula in which what was detached stays as it was."""

        def held(input: Tensor) -> Tensor:
            self._next = 0
            with torch.enable_grad(), self:
                return formula(input)

        return held

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        without_grad = not torch.is_grad_enabled() and func is not torch._C._set_grad_enabled
        if not (without_grad or func in _DETACHING):
            return func(*args, **(kwargs or {}))
        if self._next is None:
            self._found.append(func(*args, **(kwargs or {})))
            return self._found[-1]
        self._next += 1
        return self._found[self._next - 1]


def _keeps_types(subject: _Subject) -> str:
    module = subject.build()
    for dtype in LOW:
        kind = str(dtype).removeprefix("torch.")
        input, target = sample(subject.loss, dtype=dtype)
        value = module(input, target)
        _require(
            value.dtype == torch.float32,
            f"{kind}: the loss is {value.dtype}; sums are made in float32 (in_float32(input))",
        )
        wide = target.double() if target.is_floating_point() else target
        exact = module(input.double(), wide)
        _same(subject, f"{kind} against float64", value, exact, within=1e-4)
        slope = _slope(module, input, target)
        _require(slope.dtype == dtype, f"{kind}: the gradient is {slope.dtype}")
        with torch.autocast("cpu", torch.bfloat16):
            _same(subject, f"{kind} under autocast", module(input, target), value, within=1e-4)
    figure = subject.figures["largest_difference"]
    return f"float32, bfloat16, float16 and autocast differ from float64 by {figure:.2g}"


def _allows_nothing(subject: _Subject) -> str:
    input, target = (tensor[:0] for tensor in sample(subject.loss))
    for reduction in ("mean", "sum"):
        value = subject.build(reduction=reduction)(input, target)
        _require(bool(value == 0), f"the {reduction} of an empty batch is {value.item()}, not 0")
    slope = _slope(subject.build(), input, target)
    _require(slope.shape == input.shape, "an empty batch has no gradient")
    subject.build(reduction="none")(input, target)
    return "an empty batch costs 0 and has a gradient"


def _ignores(subject: _Subject) -> str:
    """All ignored costs 0; ignoring images is the same as leaving them out."""
    input, target = sample(subject.loss)
    ignored = _ignored(subject, target)
    module = subject.build()
    value = module(input, ignored)
    _require(bool(value == 0), f"with everything ignored the loss is {value.item()}, not 0")
    slope = _slope(module, input, ignored)
    _require(not slope.any(), "with everything ignored the gradient is not 0")
    some = torch.cat([target[:2], ignored[2:]])
    distance = _same(
        subject,
        "images ignored against images left out",
        module(input, some),
        module(input[:2], target[:2]),
        within=1e-9,
    )
    return f"everything ignored costs 0; ignoring equals leaving out, up to {distance}"


def _has_no_order(subject: _Subject) -> str:
    input, target = sample(subject.loss, images=5)
    module = subject.build()
    order = torch.tensor([3, 0, 4, 1, 2])
    value, moved = module(input, target), module(input[order], target[order])
    _same(subject, "the batch in another order", moved, value, within=1e-9)
    slope, moved_slope = (
        _slope(module, input, target),
        _slope(module, input[order], target[order]),
    )
    distance = _same(subject, "its gradient", moved_slope, slope[order], within=1e-9)
    return f"another order of the batch changes nothing, up to {distance}"


def _adds_up(subject: _Subject) -> str:
    """Per image, numerators and denominators of two halves add up to the whole."""
    input, target = sample(subject.loss, images=5)
    module = subject.build()
    whole = module.addends(input, target, per_image=True)
    halves = [
        module.addends(input[part], target[part], per_image=True)
        for part in (slice(2), slice(2, None))
    ]
    joined = [
        Addend(first.name, first.scale, *map(torch.cat, zip(first[2:], second[2:], strict=True)))
        for first, second in zip(*halves, strict=True)
    ]
    found, wanted = reduced(joined, "mean"), reduced(whole, "mean")
    distance = _same(subject, "a part in two batches against one", found, wanted, within=1e-9)
    if subject.loss.traits.per_sample is PerSample.EXACT:
        batch = module(input, target)
        _same(subject, "the batch against the sum over its images", batch, wanted, within=1e-9)
    return f"the loss of a part does not depend on the size of the batches, up to {distance}"


def _is_a_module(subject: _Subject) -> str:
    input, target = sample(subject.loss)
    module = subject.build()
    expected = module(input, target)
    for way, twin in (
        ("pickled", pickle.loads(pickle.dumps(module))),
        ("copied", copy.deepcopy(module)),
    ):
        _require(repr(twin) == repr(module), f"{way}, it is another: {twin!r}")
        _same(subject, f"the {way} module", twin(input, target), expected, within=0)
    _require(not list(module.parameters()), "it has parameters of its own that would be trained")
    kept = ", ".join(module.state_dict())
    stateful = subject.loss.traits.stateful
    _require(
        stateful or not kept,
        f"it would be saved with the model ({kept}): register buffers with persistent=False, or "
        "declare the trait stateful",
    )
    return f"pickles and copies; {f'keeps {kept}' if stateful else 'keeps no state'}"


class _NoSynchronisation(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Fails where a value has to be read, which on a GPU waits for all queued work."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func._schema.name
        by_mask = name == "aten::index" and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        if by_mask or name in _SYNCHRONISING:
            shown = "indexing by a mask" if by_mask else name.removeprefix("aten::").strip("_")
            raise _Unmet(
                f"{_SYNCHRONISING.get(name, shown)} waits for the GPU: use torch.where instead"
            )
        return func(*args, **(kwargs or {}))


_SYNCHRONISING = {
    "aten::_local_scalar_dense": "reading a value (.item(), bool(), an if on a tensor)",
    "aten::nonzero": "nonzero, or indexing by a mask,",
    "aten::masked_select": "masked_select",
    "aten::_unique2": "unique",
    "aten::unique_dim": "unique",
}


def _does_not_wait(subject: _Subject) -> str:
    input, target = sample(subject.loss, dtype=torch.float32)
    module = subject.build()
    input.requires_grad_()
    with _NoSynchronisation():  # type: ignore[no-untyped-call]
        for per_image in (False, True):
            value = reduced(module.addends(input, target, per_image=per_image), "mean")
            torch.autograd.grad(value, input)
    return "no value is read in forward or backward"


def _compiles(subject: _Subject) -> str:
    input, target = sample(subject.loss)
    module = subject.build()
    try:
        compiled = torch.compile(module, fullgraph=True, backend="eager")
        distance = _same(
            subject,
            "compiled against eager",
            compiled(input, target),
            module(input, target),
            within=1e-9,
        )
        slopes = (_slope(one, input, target) for one in (compiled, module))
        _same(subject, "the compiled gradient", *slopes, within=1e-9)
    finally:
        torch._dynamo.reset()
    return f"in one graph, without a break; the same values up to {distance}"


def _is_strict(subject: _Subject) -> str:
    """A target of another shape is refused by a ValueError, and does not broadcast."""
    input, target = sample(subject.loss)
    module = subject.build()
    for name, wrong in (
        ("a target with fewer items", target[:1]),
        ("a target with one more axis", target.unsqueeze(0)),
    ):
        try:
            value = module(input, wrong)
        except ValueError:
            continue
        except Exception as error:
            raise _Unmet(
                f"{name} {_said(error)} instead of a ValueError that names the argument: write "
                "check(), with the functions of losses.checks"
            ) from None
        raise _Unmet(
            f"{name} is accepted and gives {float(value.mean()):.3g}: write check(), with the "
            "functions of losses.checks"
        )
    return "a target of another shape is refused with a sentence"


def _has_the_same_fast_path(subject: _Subject) -> str:
    module = subject.build()
    _require_fast_path(subject, module)
    for size_hw in ((4, 5), (33, 65)):
        for dtype, within in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
            input, target = sample(subject.loss, dtype=dtype, size_hw=size_hw, images=7)
            for per_image in (False, True):
                results = []
                for formulas in (False, True):
                    with kernels.formulas_only() if formulas else nullcontext():
                        results.append(_value_and_slope(module, input, target, per_image))
                for name, found, wanted in zip(("value", "gradient"), *results, strict=True):
                    case = f"the {name} in {dtype} at {tuple(input.shape)}"
                    _same(subject, case, found, wanted, within=within)
    figure = subject.figures["largest_difference"]
    return f"value and gradient are those of the formula, up to {figure:.2g}"


def _require_fast_path(subject: _Subject, module: Loss) -> None:
    input, target = sample(subject.loss, dtype=torch.float32)
    if module.fast_addends(input, target, per_image=False) is None:
        raise _Inapplicable("it has no fast path")


def _value_and_slope(
    module: Loss, input: Tensor, target: Tensor, per_image: bool
) -> tuple[Tensor, Tensor]:
    input = input.detach().clone().requires_grad_()
    value = reduced(module.addends(input, target, per_image=per_image), "mean")
    return value, torch.autograd.grad(value, input)[0]


def _is_quick(subject: _Subject) -> str:
    """Time and memory of a forward and backward pass, beside those of the formula."""
    input, target = _large_sample(subject.loss)
    module = subject.build()
    ways: list[tuple[str, bool]] = [("formula", True)]
    try:
        _require_fast_path(subject, module)
        ways.insert(0, ("fast path", False))
    except _Inapplicable:
        pass
    times: dict[str, list[float]] = {name: [] for name, _ in ways}
    for _ in range(REPEATS + 1):
        for name, formulas in ways:
            with kernels.formulas_only() if formulas else nullcontext():
                times[name].append(_duration_s(module, input, target))
    said = []
    for name, formulas in ways:
        with kernels.formulas_only() if formulas else nullcontext():
            kept = _kept_share(module, input, target)
        median = 1e3 * statistics.median(times[name][1:])  # the first one warms up
        figure = name.replace(" ", "_")
        subject.figures |= {f"{figure}_ms": median, f"{figure}_kept": kept}
        said.append(f"{name} {median:.3g} ms, keeps {kept:.2g} × the input for backward")
    return f"{input.numel():,} numbers, forward and backward: {'; '.join(said)}"


def _large_sample(loss: type[Loss]) -> tuple[Tensor, Tensor]:
    """Draw about half a million numbers."""
    if Layout.PIXEL in loss.layouts and Layout.ITEM not in loss.layouts:
        return sample(loss, dtype=torch.float32, images=4, classes=8, size_hw=(128, 128))
    if Layout.MASK in loss.layouts and Layout.ITEM not in loss.layouts:
        return sample(loss, dtype=torch.float32, images=32, size_hw=(128, 128))
    return sample(loss, dtype=torch.float32, images=2**17, classes=4)


def _duration_s(module: Loss, input: Tensor, target: Tensor) -> float:
    begun = time.perf_counter()
    _slope(module, input, target)
    return time.perf_counter() - begun


def _kept_share(module: Loss, input: Tensor, target: Tensor) -> float:
    """Return what forward keeps for backward, in multiples of the input's bytes."""
    input = input.detach().clone().requires_grad_()
    given = {tensor.untyped_storage().data_ptr() for tensor in (input, target)}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(input, target)
    return sum(kept.values()) / (input.numel() * input.element_size())


_BATTERY: Sequence[tuple[str, str, Check]] = (
    ("built", "is built from its parameters", _is_built),
    ("units", "value and weight of every unit", _has_units),
    ("reductions", "mean, sum and none", _reduces),
    ("gradient", "gradient of the formula", _has_its_gradient),
    ("finite", "finite at the extremes", _is_finite),
    ("types", "types and precision", _keeps_types),
    ("empty", "empty batch", _allows_nothing),
    ("ignored", "ignored targets", _ignores),
    ("order", "order of the batch", _has_no_order),
    ("batches", "size of the batches", _adds_up),
    ("module", "an ordinary module", _is_a_module),
    ("strict", "bad input", _is_strict),
    ("waiting", "no waiting for a GPU", _does_not_wait),
    ("compiled", "torch.compile", _compiles),
    ("fast_path", "fast path", _has_the_same_fast_path),
    ("speed", "time and memory", _is_quick),
)
_NEEDED = ("built", "units")  # where these fail there is nothing left to try
_MEASURED = ("speed",)
