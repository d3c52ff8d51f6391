"""House prices from floor plans: what a few mistyped prices do to MSE, and to smooth L1."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model_playground.core.expression import parse_losses
from model_playground.core.records import Part, SplitPlan
from model_playground.core.specification import Choice, Specification, Training
from model_playground.datasets.demo import House, draw_floor_plans
from model_playground.demo.study import (
    Bench,
    Planned,
    Study,
    Trained,
    findings,
    loss_curves,
    specification_listing,
)
from model_playground.insights.figures import (
    Limits,
    Predicted,
    draw_predicted_against_true,
    draw_regression,
    limits_of,
)
from model_playground.insights.report import Figure, Figures, Section, comparison_table
from model_playground.insights.wording import Measure, number

NAME = "house-price"
LOSSES = ("mse", "smooth_l1")
SHOWN_HOUSES = 40  # more arrows than this hide each other

LOSS = Measure("validation/loss", "loss on validation", higher_is_better=False)
TRAIN_LOSS = Measure("train_sample/loss", "loss on a sample of train", higher_is_better=False)
ERRORS = (
    Measure(
        "validation/mean_absolute_error",
        "mean absolute error on validation",
        higher_is_better=False,
        unit="k€",
    ),
    Measure(
        "validation/root_mean_squared_error",
        "root mean squared error on validation",
        higher_is_better=False,
        unit="k€",
    ),
    Measure("validation/r_squared", "R² on validation", higher_is_better=True),
)


@dataclass(frozen=True)
class Scale:
    """How much is drawn and trained."""

    counts: dict[Part, int]
    typing_errors: int
    epochs: int
    repeats: int


FULL = Scale({"train": 280, "validation": 100, "test": 40}, typing_errors=4, epochs=12, repeats=3)
QUICK = Scale({"train": 48, "validation": 16, "test": 8}, typing_errors=2, epochs=2, repeats=1)


class HousePrice(Study):
    """Train with each loss on the same mistyped prices, and measure on right ones."""

    title = "House prices from floor plans, some of them mistyped"

    def prepare(self, bench: Bench) -> list[Planned]:
        self.scale = QUICK if bench.quick else FULL
        folder = bench.data / NAME
        self.houses = draw_floor_plans(
            folder, counts=self.scale.counts, typing_errors=self.scale.typing_errors
        )
        table = folder / "houses.csv"
        bench.playground.import_dataset(
            table,
            name=NAME,
            task="regression",
            image_columns=["file"],
            target_columns=["price_keur"],
        )
        bench.playground.create_split(NAME, name=NAME, plan=SplitPlan(from_file=str(table)))
        return [Planned(bench.title_of(loss), _specification(loss, self.scale)) for loss in LOSSES]

    def section(self, bench: Bench, trained: Sequence[Trained]) -> Section:
        return _section(bench, self.scale, trained, self.houses)


def _specification(loss: str, scale: Scale) -> Specification:
    return Specification(
        name=f"{NAME}-{loss}",
        split=NAME,
        task="regression",
        architecture=Choice(name="timm"),
        backbone="test_resnet",
        weights="none",
        losses={"value": parse_losses(loss)},
        augmentations=(Choice(name="horizontal_flip"), Choice(name="vertical_flip")),
        training=Training(epochs=scale.epochs, batch_size=32, image_size=64, repeats=scale.repeats),
    )


def _section(
    bench: Bench, scale: Scale, trained: Sequence[Trained], houses: Sequence[House]
) -> Section:
    comparison = bench.compare(trained)
    labels = [one.label for one in trained]
    table = comparison_table(
        comparison, labels, (*ERRORS, LOSS, TRAIN_LOSS), caption="House prices: all measures"
    )
    bench.show_table(table)
    predicted = [_predicted(bench, one, houses) for one in trained]
    mistyped = (
        f"{scale.typing_errors} of the {scale.counts['train']} prices to learn from have one zero "
        "too many. Validation and test have none, so the errors below are about right prices."
    )
    pairs = list(zip(trained, predicted, strict=True))
    limits = limits_of([item for items in predicted for item in items[:SHOWN_HOUSES]])
    biases = tuple(_bias(one, items) for one, items in pairs)
    return Section(
        name=NAME,
        title="House prices from floor plans: outliers",
        question="The price of a house depends on its floor area, which the model has to see in "
        "the drawing. What do a few mistyped prices do to a model trained with each loss?",
        findings=(mistyped, *findings(comparison, trained, ERRORS[:2]), *biases),
        blocks=(
            Figures(
                tuple(_over_area(one, items, limits) for one, items in pairs),
                "Predictions and true prices over the floor area",
            ),
            Figures(
                tuple(_against_truth(one, items, limits) for one, items in pairs),
                "Predicted against true prices",
            ),
            table,
            Figures(tuple(loss_curves(one) for one in trained), "Loss by epoch"),
            *(specification_listing(one) for one in trained),
        ),
    )


def _predicted(bench: Bench, one: Trained, houses: Sequence[House]) -> list[Predicted]:
    """Return the first run's predictions on validation, by floor area."""
    drawn = {Path(house.file).name: house for house in houses}
    return [
        Predicted(house.area_m2, house.price_keur, float(said.slots["value"][0]))
        for said in bench.predict(one)
        for house in [drawn[said.item.path.name]]
    ]


def _bias(one: Trained, items: Sequence[Predicted]) -> str:
    bias = statistics.fmean(item.prediction - item.truth for item in items)
    direction = "too high" if bias > 0 else "too low"
    return (
        f"With {one.label}, prices of validation are predicted {number(abs(bias))} k€ {direction} "
        "on average (first run)."
    )


def _over_area(one: Trained, items: Sequence[Predicted], limits: Limits) -> Figure:
    svg = draw_regression(
        items[:SHOWN_HOUSES],
        title=_title(one),
        x_label="floor area in m²",
        y_label="price in k€",
        limits=limits,
    )
    return Figure(
        svg, f"The first {min(SHOWN_HOUSES, len(items))} houses of validation, first run."
    )


def _against_truth(one: Trained, items: Sequence[Predicted], limits: Limits) -> Figure:
    svg = draw_predicted_against_true(
        items[:SHOWN_HOUSES],
        title=_title(one),
        label="price in k€",
        limits=limits,
    )
    return Figure(svg)


def _title(one: Trained) -> str:
    figures = one.first_run.figures
    return (
        f"{one.label}: loss {number(figures['validation/loss'])}\n"
        f"root mean squared error {number(figures['validation/root_mean_squared_error'])} k€"
    )
