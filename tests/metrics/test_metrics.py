"""Metrics against hand-worked tables and against torchmetrics and NumPy as outside truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from model_playground.core.contracts import Facts
from model_playground.metrics.metric import METRICS, higher_is_better

CLASSES = Facts(classes=("cat", "dog", "fish", "bird"))
VALUES = Facts(target_names=("price", "area"))


def _figures(name: str, facts: Facts, *batches: tuple[Tensor, Tensor]) -> dict[str, float]:
    accumulator = METRICS[name]().build(facts)
    for predictions, target in batches:
        accumulator.update(predictions, target)
    return accumulator.compute()


def _classes(predicted: list[int]) -> Tensor:
    return one_hot(torch.tensor(predicted), 4).float()


# Three cats, of which two are found and one is taken for a dog; one dog, found; one fish, taken
# for a dog; no bird, and none predicted.
TRUE = torch.tensor([0, 0, 0, 1, 2])
PREDICTED = _classes([0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("accuracy", {"accuracy": 3 / 5}),
        ("recall", {"recall/cat": 2 / 3, "recall/dog": 1, "recall/fish": 0}),
        ("macro_recall", {"macro_recall": (2 / 3 + 1 + 0) / 3}),
        # F1 is twice the right ones over true plus predicted: 4/(3+2), 2/(1+3), 0/(1+0)
        ("macro_f1", {"macro_f1": (4 / 5 + 1 / 2 + 0) / 3}),
        ("pixel_accuracy", {"pixel_accuracy": 3 / 5}),
        # right over true plus predicted minus right: 2/3, 1/3, 0/1
        (
            "mean_iou",
            {"mean_iou": 1 / 3, "iou/cat": 2 / 3, "iou/dog": 1 / 3, "iou/fish": 0},
        ),
    ],
)
def test_a_table_worked_by_hand(name: str, figures: dict[str, float]) -> None:
    assert _figures(name, CLASSES, (PREDICTED, TRUE)) == pytest.approx(figures)


def test_pixels_without_a_class_are_left_out() -> None:
    predictions = PREDICTED.T.reshape(1, 4, 1, 5)
    target = TRUE.reshape(1, 1, 5).clone()
    target[0, 0, 2] = -100
    figures = _figures("pixel_accuracy", CLASSES, (predictions, target))
    assert figures == pytest.approx({"pixel_accuracy": 3 / 4})


def test_no_truth_gives_no_figure() -> None:
    nothing = (torch.zeros(2, 4), torch.tensor([-100, -100]))
    for metric in METRICS:
        if "regression" not in metric.tasks:
            assert _figures(metric.name, CLASSES, nothing) == {}
            assert _figures(metric.name, CLASSES) == {}


def test_class_metrics_agree_with_torchmetrics() -> None:
    from torchmetrics import classification as truth

    generator = torch.Generator().manual_seed(0)
    predictions = torch.rand(60, 4, generator=generator)
    target = torch.randint(0, 4, (60,), generator=generator)
    expected = {
        "accuracy": truth.MulticlassAccuracy(4, average="micro"),
        "macro_recall": truth.MulticlassRecall(4, average="macro"),
        "macro_f1": truth.MulticlassF1Score(4, average="macro"),
        "mean_iou": truth.MulticlassJaccardIndex(4, average="macro"),
    }
    for name, metric in expected.items():
        found = _figures(
            name, CLASSES, (predictions[:7], target[:7]), (predictions[7:], target[7:])
        )
        assert found[name] == pytest.approx(float(metric(predictions, target))), name


def test_value_metrics_agree_with_torchmetrics() -> None:
    from torchmetrics import regression as truth

    generator = torch.Generator().manual_seed(0)
    target = torch.randn(50, 2, generator=generator, dtype=torch.float64) * 3 + 1
    predictions = target + torch.randn(50, 2, generator=generator, dtype=torch.float64)
    batches = [(predictions[:9], target[:9]), (predictions[9:10], target[9:10])]
    batches.append((predictions[10:], target[10:]))
    for name, metric in {
        "mean_absolute_error": truth.MeanAbsoluteError(),
        "root_mean_squared_error": truth.MeanSquaredError(squared=False),
        "r_squared": truth.R2Score(),
    }.items():
        each = [
            float(
                type(metric)(**({"squared": False} if "root" in name else {}))(
                    predictions[:, column].contiguous(), target[:, column].contiguous()
                )
            )
            for column in range(2)
        ]
        assert _figures(name, VALUES, *batches) == pytest.approx(
            {name: np.mean(each), f"{name}/price": each[0], f"{name}/area": each[1]}, rel=1e-5
        )


def test_a_single_value_has_no_series_of_its_own() -> None:
    facts = Facts(target_names=("price",))
    batch = (torch.tensor([[1.0], [4.0]]), torch.tensor([[2.0], [2.0]]))
    assert _figures("mean_absolute_error", facts, batch) == {"mean_absolute_error": 1.5}


def test_r_squared_of_targets_that_never_change_cannot_be_said() -> None:
    facts = Facts(target_names=("price",))
    batch = (torch.tensor([[1.0], [4.0]]), torch.tensor([[2.0], [2.0]]))
    assert _figures("r_squared", facts, batch) == {}


def test_r_squared_of_large_values_is_exact() -> None:
    facts = Facts(target_names=("price",))
    target = torch.arange(10, dtype=torch.float64).unsqueeze(1) + 1e9
    batches = [(one + 0.5, one) for one in target.split(3)]
    # Each is .5 off: 10 · .25 over the spread of 0 to 9, which is 82.5
    assert _figures("r_squared", facts, *batches) == pytest.approx({"r_squared": 1 - 2.5 / 82.5})


@pytest.mark.parametrize("metric", list(METRICS), ids=lambda metric: metric.name)
def test_every_metric_explains_itself(metric: type) -> None:
    choice = metric.choice()
    assert choice.summary.endswith(".")
    assert choice.title
    assert higher_is_better(f"validation/{metric.name}") is metric.higher_is_better
