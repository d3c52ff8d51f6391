"""What a loss says to arguments that are unfit."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from torch import Tensor

from model_playground.core.declaration import record_of_schema, validated
from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.losses import (
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    BoundingBoxRegressionLoss,
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    FocalLoss,
    GIoUBoxLoss,
    Loss,
    MSELoss,
    SoftIoULoss,
    WeightedSum,
    check_values,
)
from model_playground.losses.base import LOSSES, declaration

ZEROS = torch.zeros


def integers(*size: int) -> Tensor:
    return torch.zeros(size, dtype=torch.int64)


@pytest.mark.parametrize(
    ("loss", "input", "target", "sentence"),
    [
        (CrossEntropyLoss(), integers(2, 3), integers(2), "input is refused: it is of type int64"),
        (CrossEntropyLoss(), ZEROS(2, 3), integers(3), r"target .* shape \(3,\), wanted is \(2,\)"),
        (CrossEntropyLoss(), ZEROS(2, 3), ZEROS(2, 4), r"target .* \(2, 4\), wanted is \(2, 3\)"),
        (CrossEntropyLoss(), ZEROS(2, 3), integers(2).bool(), "target .* bool, .* class indices"),
        (CrossEntropyLoss(), ZEROS(1, 3), integers(1) + 3, "target .* 3 somewhere, .* from 0 to 2"),
        (
            CrossEntropyLoss(),
            ZEROS(1, 3),
            integers(1) - 1,
            "-1 somewhere, .* -100 to leave one out",
        ),
        (CrossEntropyLoss(), ZEROS(1, 2), ZEROS(1, 2) + 1.5, "target .* 1.5 .* between 0 and 1"),
        (CrossEntropyLoss(weight=[1, 2]), ZEROS(1, 3), integers(1), r"weight .* \(2,\), .* \(3,\)"),
        (CrossEntropyLoss(weight=[1, 2]).to("meta"), ZEROS(1, 2), integers(1), "weight .* on meta"),
        (FocalLoss(), ZEROS(2, 3), ZEROS(2, 3), "target .* float32, .* int64 class indices"),
        (FocalLoss(alpha=[1, 2]), ZEROS(1, 3), integers(1), r"alpha is refused"),
        (SoftIoULoss(), ZEROS(2, 3), integers(2), r"input .* \(2, 3\), .* \(N, C, height\)"),
        (
            CrossEntropyIoULoss2D(),
            ZEROS(2, 3, 4),
            integers(2, 4),
            r"input .* \(2, 3, 4\), .* \(N, C, height, width\)",
        ),
        (BinaryCrossEntropyLoss(), ZEROS(2, 3), ZEROS(2), r"target .* \(2,\), wanted is \(2, 3\)"),
        (BinaryFocalLoss(), ZEROS(2), ZEROS(2) + 2, "target .* 2 somewhere, .* between 0 and 1"),
        (BinaryCrossEntropyLoss(), ZEROS(2), ZEROS(2) * torch.nan, "target .* nan somewhere"),
        (
            BinaryCrossEntropyLoss(pos_weight=[1, 2]),
            ZEROS(2, 3),
            ZEROS(2, 3),
            r"pos_weight .* shape \(2,\), .* broadcasts to the input's shape \(2, 3\)",
        ),
        (MSELoss(), ZEROS(2), ZEROS(2, 1), r"target .* \(2, 1\), wanted is \(2,\)"),
        (MSELoss(), ZEROS(2), ZEROS(2).bool(), "target .* bool, wanted is a tensor of real"),
        (GIoUBoxLoss(), ZEROS(4), ZEROS(4), r"input .* \(4,\), wanted is \(M, 4\)"),
        (GIoUBoxLoss(), ZEROS(2, 4), ZEROS(2, 5), r"target .* \(2, 5\), wanted is \(M, 4\)"),
        (BoundingBoxRegressionLoss(), ZEROS(2, 4), ZEROS(3, 4), r"target .* \(3, 4\), .* \(2, 4\)"),
    ],
)
def test_an_unfit_argument_is_named(
    loss: Loss, input: Tensor, target: Tensor, sentence: str
) -> None:
    with pytest.raises(InvalidError, match=sentence):
        loss(input, target)


@pytest.mark.parametrize(
    ("loss", "parameters", "sentence"),
    [
        ("focal", {"gama": 2}, "has no parameter 'gama'; did you mean gamma"),
        ("focal", {"gamma": -1}, "gamma=-1 is refused for FocalLoss"),
        ("focal", {"gamma": float("nan")}, "gamma=nan is refused"),
        ("focal", {"gamma": float("inf")}, "gamma=inf is refused"),
        ("cross_entropy", {"weight": [1, -1]}, "each factor is 0 or more"),
        ("cross_entropy", {"weight": [1, float("nan")]}, "weight.1=nan is refused"),
        ("cross_entropy", {"label_smoothing": 2}, "label_smoothing=2 is refused"),
        ("cross_entropy", {"reduction": "avg"}, "it is one of mean, sum, none"),
        ("binary_focal", {"alpha": 1.5}, "alpha=1.5 is refused"),
        ("smooth_l1", {"beta": "wide"}, "beta='wide' is refused"),
        ("bounding_box_regression", {"kind": "iuo"}, "kind='iuo' is refused"),
        (
            "bounding_box_regression",
            {"options": {"beta": 1}},
            "GIoUBoxLoss has no parameter 'beta'",
        ),
    ],
)
def test_an_unfit_parameter_is_named(
    loss: str, parameters: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidError, match=sentence):
        LOSSES[loss](**parameters)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_a_specification_is_refused_for_what_the_loss_itself_refuses(loss: str) -> None:
    """Its parameters are checked by their schema alone, long before a worker builds the loss."""
    record = record_of_schema(loss, declaration(LOSSES[loss]).parameters)
    with pytest.raises(InvalidError, match=r"weight\.1=-1 is refused for the loss"):
        validated(record, {"weight": [1, -1]}, of="the loss")


def test_a_sum_needs_a_weight_for_each_loss() -> None:
    with pytest.raises(InvalidError, match="weights has 1 numbers for 2 losses"):
        WeightedSum([MSELoss(), MSELoss()], [1.0])


def test_a_misspelt_loss_gives_the_nearest_names() -> None:
    with pytest.raises(NotFoundError, match=r"Did you mean .*focal"):
        LOSSES["focla"]


def test_a_field_cannot_hide_what_a_module_needs() -> None:
    with pytest.raises(TypeError, match=r"Odd\.parameters cannot be a field"):
        type("Odd", (Loss,), {"__annotations__": {"parameters": int}, "parameters": _field()})


def _field() -> object:
    from pydantic import Field

    return Field(default=1)


def test_a_plain_default_makes_a_parameter_as_in_a_dataclass() -> None:
    class Plain(Loss):
        name = "plain"
        options: ClassVar[tuple[int, ...]] = (1, 2)
        _prepared: bool = False
        gamma: float = 2.0

    assert list(Plain.Record.model_fields) == ["gamma"]
    assert Plain().gamma == 2
    assert Plain(gamma=3).gamma == 3
    with pytest.raises(InvalidError, match="gamma='three' is refused for Plain"):
        Plain(gamma="three")


def test_values_are_read_where_one_chooses() -> None:
    input, target = torch.zeros(1, 3, 2), torch.tensor([[0, 3]])
    check_values("nowhere")
    try:
        CrossEntropyLoss().check(input, target)
    finally:
        check_values("cpu")
    with pytest.raises(InvalidError, match="3 somewhere"):
        CrossEntropyLoss().check(input, target)
    with pytest.raises(InvalidError, match="where is refused: it is 'gpu', wanted is cpu or"):
        check_values("gpu")


def test_a_class_index_of_any_integer_type_is_read() -> None:
    scores = torch.randn(4, 200)
    target = torch.tensor([0, 156, 199, 3])  # 156 is what -100 becomes in uint8
    expected = CrossEntropyLoss()(scores, target)
    for dtype in (torch.uint8, torch.int16, torch.int32):
        torch.testing.assert_close(CrossEntropyLoss()(scores, target.to(dtype)), expected)
