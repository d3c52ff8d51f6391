"""Unfit arguments, swept over the registry: each refusal names the argument."""

from __future__ import annotations

import warnings

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
def test_a_complex_target(loss: type[Loss]) -> None:
    input, target = sample(loss)
    with pytest.raises(InvalidError, match="target is refused: it is of type complex"):
        loss()(input, target.to(torch.complex64))


@pytest.mark.parametrize("loss", OF_INDICES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("index", [CLASSES, -1, 255])
def test_a_class_out_of_range(loss: type[Loss], index: int) -> None:
    input, target = sample(loss)
    target.view(-1)[1] = index
    with pytest.raises(InvalidError, match=rf"target is refused: it is {index} somewhere"):
        loss()(input, target)


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
