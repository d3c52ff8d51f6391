"""Over-fitting: few, carelessly labelled images, learnt by heart; and what early stopping keeps."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from model_playground.core.expression import parse_losses
from model_playground.core.records import SplitPlan
from model_playground.core.specification import Choice, EarlyStopping, Specification, Training
from model_playground.datasets.demo import draw_tiles
from model_playground.demo.study import (
    Bench,
    Planned,
    Study,
    Trained,
    loss_curves,
    specification_listing,
)
from model_playground.insights.figures import curve_of, draw_series
from model_playground.insights.report import Cell, Figure, Figures, Section, Table
from model_playground.insights.wording import Measure, number, spread

NAME = "few-tiles"
MISLABELLED = 0.15

MEASURES = (
    Measure("train_sample/loss", "loss on a sample of train", higher_is_better=False),
    Measure("validation/loss", "loss on validation", higher_is_better=False),
    Measure("validation/accuracy", "accuracy on validation", higher_is_better=True),
)


@dataclass(frozen=True)
class Scale:
    """How much is drawn and trained."""

    of_each_class: int
    epochs: int
    patience: int
    repeats: int


FULL = Scale(of_each_class=60, epochs=24, patience=6, repeats=3)
QUICK = Scale(of_each_class=12, epochs=6, patience=2, repeats=1)


class Overfitting(Study):
    """Train to the end and with early stopping, and compare the best weights with the last."""

    title = "Few images: over-fitting"

    def prepare(self, bench: Bench) -> list[Planned]:
        scale = QUICK if bench.quick else FULL
        folder = bench.data / NAME
        counts = dict.fromkeys(("intact", "stained", "cracked"), scale.of_each_class)
        draw_tiles(folder, counts=counts, mislabelled=MISLABELLED, grain=12)
        bench.playground.import_dataset(folder, name=NAME)
        plan = SplitPlan(train=45, validation=45, test=10)
        bench.playground.create_split(NAME, name=NAME, plan=plan)
        stopping = EarlyStopping(patience=scale.patience)
        return [
            Planned("Trained to the end", _specification("to-the-end", scale, None)),
            Planned("Early stopping", _specification("early-stopping", scale, stopping)),
        ]

    def section(self, bench: Bench, trained: Sequence[Trained]) -> Section:
        to_the_end, stopped = trained
        return _section(bench, to_the_end, stopped)


def _specification(name: str, scale: Scale, stopping: EarlyStopping | None) -> Specification:
    return Specification(
        name=f"{NAME}-{name}",
        split=NAME,
        task="classification",
        architecture=Choice(name="timm"),
        backbone="test_resnet",
        weights="none",
        losses={"class": parse_losses("cross_entropy")},
        solver=Choice(name="adamw", parameters={"learning_rate": 0.002}),
        scheduler=Choice(name="constant"),
        training=Training(
            epochs=scale.epochs,
            batch_size=8,
            image_size=48,
            repeats=scale.repeats,
            early_stopping=stopping,
        ),
    )


def _section(bench: Bench, to_the_end: Trained, stopped: Trained) -> Section:
    table = _table(to_the_end, stopped)
    bench.show_table(table)
    split = bench.playground.get_split(NAME)
    return Section(
        name=NAME,
        title="Few images: over-fitting",
        question="A low loss on the images a model has learnt from says nothing about others. "
        f"Here {split.counts['train']} images, of which about {100 * MISLABELLED:.0f} % carry a "
        "wrong label, are learnt by heart; a separate validation set shows it.",
        findings=(*_findings(to_the_end, stopped), *_verdicts(to_the_end)),
        blocks=(
            table,
            Figures(
                (
                    loss_curves(to_the_end),
                    loss_curves(stopped),
                    Figure(
                        draw_series(
                            {one.label: one.series for one in (to_the_end, stopped)},
                            "validation/accuracy",
                            title="Accuracy on validation by epoch",
                        ),
                        "The labels of validation are as careless as those of train, so even a "
                        "perfect model would not reach 1.",
                    ),
                ),
                "Curves",
            ),
            specification_listing(to_the_end),
            specification_listing(stopped),
        ),
    )


def _at_last(one: Trained, series: str) -> list[float]:
    return [curve_of(run, series).values[-1] for run in one.series]


def _table(to_the_end: Trained, stopped: Trained) -> Table:
    """Lay out the best and the last weights of the long training, and what early stopping kept."""
    rows = [
        (
            Cell(measure.label, measure.series),
            Cell(_spread(_at_last(to_the_end, measure.series))),
            Cell(_spread(to_the_end.figures(measure.series))),
            Cell(_spread(stopped.figures(measure.series))),
        )
        for measure in MEASURES
    ]
    trained = [
        _spread([run.epochs_done for run in one.record.runs]) for one in (to_the_end, stopped)
    ]
    best = [
        _spread([run.best_epoch or 0 for run in one.record.runs]) for one in (to_the_end, stopped)
    ]
    rows += [
        (Cell("epoch of these weights"), Cell(trained[0]), Cell(best[0]), Cell(best[1])),
        (Cell("epochs trained"), Cell(trained[0]), Cell(trained[0]), Cell(trained[1])),
    ]
    runs = len(to_the_end.record.runs)
    return Table(
        f"Few tiles: which weights are kept (mean over {runs} {'run' if runs == 1 else 'runs'})",
        (
            "",
            f"{to_the_end.label}: last weights",
            f"{to_the_end.label}: best weights",
            f"{stopped.label}: best weights",
        ),
        tuple(rows),
    )


def _spread(values: Sequence[float]) -> str:
    return spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


def _findings(to_the_end: Trained, stopped: Trained) -> tuple[str, ...]:
    train, validation, accuracy = (measure.series for measure in MEASURES)
    last, best = _at_last(to_the_end, validation), to_the_end.figures(validation)
    last_accuracy, kept_accuracy = _at_last(to_the_end, accuracy), stopped.figures(accuracy)
    better = sum(kept > end for kept, end in zip(kept_accuracy, last_accuracy, strict=True))
    epochs = statistics.fmean(run.epochs_done for run in stopped.record.runs)
    return (
        f"At the end of training the loss on train is {_mean(_at_last(to_the_end, train))}. On "
        f"validation it is {_mean(last)}, where it had been {_mean(best)} at its best.",
        f"Early stopping ended after {number(epochs)} of {to_the_end.record.runs[0].epochs_done} "
        f"epochs on average and kept weights with an accuracy on validation of "
        f"{_mean(kept_accuracy)}; the last weights of the whole training reach "
        f"{_mean(last_accuracy)}. The kept ones are better in {better} of {len(last_accuracy)} "
        "runs.",
        "The best epoch is chosen by the loss on validation, so that loss is lowest there by "
        "construction; the accuracy beside it was not used to choose. What is chosen so still "
        "flatters itself a little: the sealed test part is for the last word, and stays sealed "
        "here.",
    )


def _verdicts(one: Trained) -> tuple[str, ...]:
    """Return the program's own verdict on the first run."""
    return tuple(
        f"The program's verdict on the first run: {told}" for told in one.series[0].notices[-1:]
    )


def _mean(values: Sequence[float]) -> str:
    return number(statistics.fmean(values))
