"""What every registered loss has to be and to do; a new loss is tested by existing."""

from __future__ import annotations

import copy
import inspect
import json
import pickle

import pytest
import torch
from loss_samples import ALL, CLASSES, sample
from torch import Tensor

from model_playground.core.contracts import BoxView, Layout, LossDeclaration, TargetForm
from model_playground.core.expression import parse_losses
from model_playground.losses import BoundingBoxRegressionLoss, GIoUBoxLoss
from model_playground.losses.base import LOSSES, Loss, WeightedSum, build, declaration

by_name = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
OF_SCORES = [loss for loss in ALL if loss.reads[0].form is not TargetForm.VALUE]
WITH_IGNORED = [loss for loss in ALL if "ignore_index" in loss.Record.model_fields]
LOW = [torch.float32, torch.bfloat16, torch.float16]
WITH_CLASS_WEIGHTS = [
    (loss, name)
    for loss in ALL
    for name in ("weight", "alpha")
    if loss.reads[0].form is TargetForm.CLASS_INDEX
    and name in loss.Record.model_fields
    and loss.Record.model_fields[name].default is None
]


def slope(loss: Loss, input: Tensor, target: Tensor) -> Tensor:
    input = input.detach().requires_grad_()
    loss(input, target).backward()
    assert input.grad is not None
    return input.grad


@by_name
def test_explains_itself(loss: type[Loss]) -> None:
    said = declaration(loss)
    for part in (
        "summary",
        "text",
        "formula",
        "symbols",
        "lowest_value",
        "uninformed_guess",
        "prefer",
        "avoid",
        "reference",
    ):
        assert getattr(said, part), f"{loss.__name__} does not say: {part}"
    for section in ("Shape:", "Raises:", "Example:", ">>> "):
        assert section in str(loss.__doc__)
    for name, field in loss.Record.model_fields.items():
        assert field.description, f"{loss.__name__}.{name} has no description"
        assert f"    {name}: " in str(loss.__doc__)
    assert list(inspect.signature(loss).parameters) == [*loss.Record.model_fields, "reduction"]


@by_name
def test_its_declaration_is_plain_data(loss: type[Loss]) -> None:
    said = declaration(loss)
    assert LossDeclaration.model_validate(json.loads(said.model_dump_json())) == said
    assert set(said.parameters["properties"]) == set(loss.Record.model_fields)


@by_name
@pytest.mark.parametrize("dtype", LOW, ids=str)
def test_sums_in_float32_whatever_it_is_given(loss: type[Loss], dtype: torch.dtype) -> None:
    input, target = sample(loss, dtype=dtype)
    found = loss()(input, target)
    assert found.dtype == torch.float32
    wide = target.double() if target.is_floating_point() else target
    torch.testing.assert_close(found.double(), loss()(input.double(), wide), rtol=1e-5, atol=1e-6)
    assert slope(loss(), input, target).dtype == dtype
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(loss()(input, target), found)


@by_name
@pytest.mark.parametrize("size", [1e4, 1e-4, 0])
@pytest.mark.parametrize("dtype", LOW, ids=str)
def test_value_and_slope_are_finite(loss: type[Loss], dtype: torch.dtype, size: float) -> None:
    input, target = sample(loss, dtype=dtype)
    input = (size * input.double()).clamp(-6e4, 6e4).to(dtype)  # float16 ends at 65504
    gamma = loss.Record.model_json_schema().get("properties", {}).get("gamma")
    gammas = [None] if gamma is None else [0.5, 2] if "exclusiveMinimum" in gamma else [0, 0.5, 2]
    for number in gammas:
        module = loss() if number is None else loss(gamma=number)
        assert module(input, target).isfinite()
        assert slope(module, input, target).isfinite().all()


@pytest.mark.parametrize("loss", OF_SCORES, ids=lambda loss: loss.name)
def test_a_class_that_is_ruled_out_costs_nothing_where_it_is_not_true(loss: type[Loss]) -> None:
    input, target = sample(loss, dtype=torch.float32)
    if loss.reads[0].form is TargetForm.CLASS_INDEX:
        target = target.clamp(max=CLASSES - 2)
        input[:, CLASSES - 1] = -torch.inf
    else:
        input = torch.where(target == 0, -torch.inf, input)
    assert loss()(input, target).isfinite()
    assert slope(loss(), input, target).isfinite().all()


@by_name
def test_an_empty_batch_costs_nothing(loss: type[Loss]) -> None:
    input, target = (tensor[:0] for tensor in sample(loss))
    assert loss()(input, target) == 0
    assert loss(reduction="sum")(input, target) == 0
    assert slope(loss(), input, target).shape == input.shape


@pytest.mark.parametrize("loss", WITH_IGNORED, ids=lambda loss: loss.name)
def test_everything_ignored_costs_nothing(loss: type[Loss]) -> None:
    input, target = sample(loss)
    ignored = torch.full_like(target, -100)
    assert loss()(input, ignored) == 0
    assert not slope(loss(), input, ignored).any()
    assert not loss(reduction="none")(input, ignored).any()


@by_name
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_is_an_ordinary_module(loss: type[Loss], reduction: str) -> None:
    input, target = sample(loss)
    module = loss(reduction=reduction).eval()  # a loss with a memory would learn from each call
    expected = module(input, target)
    for twin in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module), module.to("cpu")):
        assert torch.equal(twin(input, target), expected)
        assert repr(twin) == repr(module)
    assert loss.traits.stateful or not module.state_dict()
    assert not list(module.parameters())
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(input, target), expected)
    torch._dynamo.reset()


@pytest.mark.parametrize(("loss", "field"), WITH_CLASS_WEIGHTS, ids=str)
def test_class_weights_move_with_the_module(loss: type[Loss], field: str) -> None:
    input, target = sample(loss)
    module = loss(**{field: [1.0, 2.0, 0.5]})
    assert isinstance(module.factors(field), Tensor)
    assert not module.state_dict()
    assert module.to("meta").factors(field).device.type == "meta"
    module = loss(**{field: torch.tensor([1.0, 2.0, 0.5])})
    twin = pickle.loads(pickle.dumps(module))
    assert torch.equal(twin(input, target), module(input, target))
    assert f"{field}=[1.0, 2.0, 0.5]" in repr(module)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(input, target), module(input, target))
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cross_entropy", "binary_focal", "giou_box"])
def test_survives_the_compiler_that_generates_code(name: str) -> None:
    input, target = sample(LOSSES[name], dtype=torch.float32)
    module = LOSSES[name]()
    compiled = torch.compile(module, fullgraph=True)
    torch.testing.assert_close(compiled(input, target), module(input, target))
    torch.testing.assert_close(slope(compiled, input, target), slope(module, input, target))


def test_a_sum_has_the_addends_of_its_losses() -> None:
    module = build(parse_losses("cross_entropy_iou_2d + 0.25*focal(gamma=1)"))
    assert isinstance(module, WeightedSum)
    input, target = sample(LOSSES["cross_entropy_iou_2d"])
    found = module.addends(input, target)
    assert [(addend.name, addend.scale) for addend in found] == [
        ("cross_entropy", 0.5),
        ("iou", 0.5),
        ("focal", 0.25),
    ]
    expected = LOSSES["cross_entropy_iou_2d"]()(input, target)
    expected = expected + 0.25 * LOSSES["focal"](gamma=1)(input, target)
    torch.testing.assert_close(module(input, target), expected)
    module.reduction = "none"
    assert module(input, target).shape == (len(input),)
    assert "weights=(1.0, 0.25)" in repr(module)


def test_the_umbrella_reaches_every_loss_of_corner_boxes() -> None:
    corners = {
        loss.name.removesuffix("_box")
        for loss in ALL
        if loss.layouts == (Layout.BOX,)
        and any(reading.view is BoxView.XYXY for reading in loss.reads)
        and loss is not BoundingBoxRegressionLoss
    }
    kinds = declaration(BoundingBoxRegressionLoss).parameters["properties"]["kind"]["enum"]
    assert set(kinds) == corners
    boxes = sample(GIoUBoxLoss)
    assert torch.equal(BoundingBoxRegressionLoss()(*boxes), GIoUBoxLoss()(*boxes))
