"""Unfit arguments, swept over the registry: each refusal names the argument."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from loss_samples import ALL, CLASSES, sample
from loss_variants import by_name
from torch import Tensor

from model_playground.core.contracts import Layout, TargetForm
from model_playground.core.errors import InvalidError
from model_playground.losses import CrossEntropyLoss, ProbabilitiesWarning, checks
from model_playground.losses.base import Loss

OF_INDICES = [loss for loss in ALL if loss.reads[0].form is TargetForm.CLASS_INDEX]
OF_ANSWERS = [loss for loss in ALL if loss.reads[0].form is TargetForm.MULTI_HOT]
WITH_IGNORED = [loss for loss in ALL if "ignore_index" in loss.Record.model_fields]
OF_BOXES = [loss for loss in ALL if Layout.BOX in loss.layouts]
WITH_FACTORS = [
    (loss, name)
    for loss in ALL
    for name in ("weight", "alpha", "pos_weight")
    if any(
        kind.get("type") == "array"
        for kind in loss.Record.model_json_schema()["properties"].get(name, {}).get("anyOf", [])
    )
]


@by_name
def test_a_target_of_another_size(loss: type[Loss]) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match="target is refused: it is of shape"):
        loss()(input, target[1:])


@by_name
def test_an_input_of_integers(loss: type[Loss]) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match="input is refused: it is of type int64"):
        loss()(input.long(), target)


@by_name
@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@pytest.mark.parametrize("dtype", [torch.complex32, torch.complex64, torch.complex128], ids=str)
def test_a_complex_target(loss: type[Loss], dtype: torch.dtype) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match="target is refused: it is of type complex"):
        loss()(input, target.to(torch.complex64).to(dtype))


@by_name
@pytest.mark.parametrize("given", [None, 1.0, [[1.0]], torch.zeros(2, 3).numpy()], ids=repr)
def test_what_is_no_tensor(loss: type[Loss], given: Any) -> None:
    input, target = sample(loss)
    kind = type(given).__name__
    with pytest.raises(InvalidError, match=f"input is refused: it is of type {kind}, wanted is a"):
        loss()(given, target)
    with pytest.raises(InvalidError, match=f"target is refused: it is of type {kind}, wanted is a"):
        loss()(input, given)


@by_name
def test_a_sparse_tensor(loss: type[Loss]) -> None:
    input, target = sample(loss, dtype=torch.float32)
    with pytest.raises(InvalidError, match=r"input is refused: .* sparse_coo, .*to_dense\(\)"):
        loss()(input.to_sparse(), target)
    with pytest.raises(InvalidError, match=r"target is refused: .* sparse_coo, .*to_dense\(\)"):
        loss()(input, target.to_sparse())


@by_name
def test_tensors_of_two_devices(loss: type[Loss]) -> None:
    input, target = sample(loss, dtype=torch.float32)
    with pytest.raises(InvalidError, match="target is refused: it is on cpu, wanted is on meta"):
        loss()(input.to("meta"), target)
    with pytest.raises(InvalidError, match="target is refused: it is on meta, wanted is on cpu"):
        loss()(input, target.to("meta"))


@pytest.mark.parametrize("loss", OF_INDICES + OF_ANSWERS, ids=lambda loss: loss.name)
@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64], ids=str)
def test_a_type_that_cannot_be_calculated_with(loss: type[Loss], dtype: torch.dtype) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match=r"target is refused: it is of type uint.* int64"):
        loss()(input, target.to(dtype))


@pytest.mark.parametrize("loss", OF_INDICES, ids=lambda loss: loss.name)
def test_class_indices_that_are_no_integers(loss: type[Loss]) -> None:
    input, target = sample(loss)
    wanted = "target is refused: it is of type float32, wanted is int64 class indices"
    with pytest.raises(InvalidError, match=wanted):
        loss()(input, target.float())


@pytest.mark.parametrize("loss", OF_INDICES, ids=lambda loss: loss.name)
def test_scores_of_no_class_and_a_number_alone(loss: type[Loss]) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match=r"input is refused: .* scores of at least one class"):
        loss()(input[:, :0], target)
    with pytest.raises(InvalidError, match=r"input is refused: .* shape \(\), wanted is \(N, C"):
        loss()(input.sum(), target)


@pytest.mark.parametrize("loss", WITH_IGNORED, ids=lambda loss: loss.name)
@pytest.mark.parametrize("index", [2**63, -(10**30), 0.5, None])
def test_an_index_to_ignore_that_no_target_holds(loss: type[Loss], index: Any) -> None:
    with pytest.raises(InvalidError, match=f"ignore_index={index} is refused for {loss.__name__}"):
        loss(ignore_index=index)


@pytest.mark.parametrize("loss", OF_INDICES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("index", [CLASSES, -1, 255])
def test_a_class_out_of_range(loss: type[Loss], index: int) -> None:
    input, target = sample(loss)
    target.view(-1)[1] = index
    with pytest.raises(InvalidError, match=rf"target is refused: it is {index} somewhere"):
        loss()(input, target)


@pytest.mark.parametrize("loss", WITH_IGNORED, ids=lambda loss: loss.name)
def test_a_target_of_bytes_does_not_hold_minus_100(loss: type[Loss]) -> None:
    """-100 is 156 modulo 256: a comparison in bytes would leave that class or answer out."""
    input, target = sample(loss)
    target = target.to(torch.uint8)
    torch.testing.assert_close(loss()(input, target), loss()(input, target.long()))
    target.view(-1)[1] = 156
    with pytest.raises(InvalidError, match=r"target is refused: it is 156 somewhere"):
        loss()(input, target)


@pytest.mark.parametrize(
    "loss", [loss for loss in WITH_IGNORED if loss not in OF_INDICES], ids=lambda loss: loss.name
)
@pytest.mark.parametrize("index", [256, -255])
def test_an_index_to_ignore_that_bytes_take_for_an_answer(loss: type[Loss], index: int) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match=f"ignore_index is refused: it is {index}, .* to 255"):
        loss(ignore_index=index)(input, target.to(torch.uint8))
    loss(ignore_index=index)(input, target.long())


@pytest.mark.parametrize(("loss", "name"), WITH_FACTORS)
@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_an_unfit_factor(loss: type[Loss], name: str, bad: float) -> None:
    factors = [1.0] * (CLASSES - 1) + [bad]
    for given in (factors, torch.tensor(factors)):
        with pytest.raises(InvalidError, match=name):
            loss(**{name: given})


@pytest.mark.parametrize(("loss", "name"), WITH_FACTORS)
def test_too_many_factors(loss: type[Loss], name: str) -> None:
    with pytest.raises(InvalidError, match=f"{name} is refused: it is of shape"):
        loss(**{name: [1.0] * (CLASSES + 1)})(*sample(loss))


@pytest.mark.parametrize(("loss", "name"), WITH_FACTORS)
def test_factors_left_on_another_device(loss: type[Loss], name: str) -> None:
    module = loss(**{name: [1.0] * CLASSES}).to("meta")
    with pytest.raises(InvalidError, match=rf"{name} is refused: it is on meta.*\.to\(device\)"):
        module(*sample(loss, dtype=torch.float32))


@pytest.mark.parametrize("loss", OF_BOXES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("size", [(4,), (2, 5), (2, 4, 4), (0,)])
def test_boxes_that_are_no_rows_of_four(loss: type[Loss], size: tuple[int, ...]) -> None:
    fit = torch.zeros(2, 4)
    with pytest.raises(InvalidError, match=r"input is refused: .*wanted is \(M, 4\)"):
        loss()(torch.zeros(size), fit)
    with pytest.raises(InvalidError, match=r"target is refused: .*wanted is \(M, 4\)"):
        loss()(fit, torch.zeros(size))


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget which inputs were already looked at for probabilities."""
    monkeypatch.setattr(checks, "_looked_at", set())


@pytest.mark.usefixtures("unseen")
class TestProbabilitiesForScores:
    @pytest.mark.parametrize("loss", OF_INDICES, ids=lambda loss: loss.name)
    def test_are_warned_of_once(self, loss: type[Loss]) -> None:
        input, target = sample(loss)
        with pytest.warns(ProbabilitiesWarning, match="leave the model's softmax out"):
            loss()(input.softmax(1), target)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loss()(input.softmax(1), target)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
    def test_are_recognised_in_every_type(self, dtype: torch.dtype) -> None:
        draw = torch.Generator().manual_seed(0)
        probabilities = torch.randn(8, 10, generator=draw).softmax(1).to(dtype)
        with pytest.warns(ProbabilitiesWarning):
            CrossEntropyLoss()(probabilities, torch.arange(8))

    @pytest.mark.parametrize(
        "scores",
        [torch.zeros(2, 3), torch.rand(2, 3), torch.tensor([[0.5, 0.5, 0.0], [2.0, -1.0, 0.0]])],
        ids=["zeros", "numbers from 0 to 1", "sums of 1"],
    )
    def test_are_not_seen_in_scores(self, scores: Tensor) -> None:
        CrossEntropyLoss()(scores, torch.tensor([0, 1]))  # a warning would be an error here

    def test_are_looked_for_once_for_every_shape(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looks = []
        real = torch.aminmax
        monkeypatch.setattr(torch, "aminmax", lambda given: looks.append(given) or real(given))
        loss = CrossEntropyLoss()
        for _ in range(3):
            loss(torch.randn(63, 17), torch.randint(17, (63,)))
        assert len(looks) == 1
