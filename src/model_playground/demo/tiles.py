"""Tiles with defects: cross-entropy, focal loss and MSE where one class is rare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_playground.core.expression import parse_losses
from model_playground.core.records import SplitPlan, SplitRecord
from model_playground.core.specification import Choice, Specification, Training
from model_playground.datasets.demo import draw_tiles
from model_playground.demo.pictures import photograph
from model_playground.demo.study import (
    Bench,
    Planned,
    Study,
    Trained,
    by_class,
    findings,
    loss_curves,
    specification_listing,
)
from model_playground.insights.figures import draw_by_class, draw_series
from model_playground.insights.report import (
    Answer,
    Figure,
    Figures,
    Picture,
    Sample,
    Samples,
    Section,
    comparison_table,
)
from model_playground.insights.wording import Measure

NAME = "tiles"
LOSSES = ("cross_entropy", "focal", "mse")
RARE = "cracked"
SHOWN_RARE, SHOWN_OTHERS = 8, 4

LOSS = Measure("validation/loss", "loss on validation", higher_is_better=False)
TRAIN_LOSS = Measure("train_sample/loss", "loss on a sample of train", higher_is_better=False)
ACCURACY = Measure("validation/accuracy", "accuracy on validation", higher_is_better=True)
MEAN_RECALL = Measure("validation/macro_recall", "mean recall of the classes on validation", True)
MEAN_F1 = Measure("validation/macro_f1", "mean F1 of the classes on validation", True)
RARE_RECALL = Measure(f"validation/recall/{RARE}", f"recall of {RARE} tiles on validation", True)


@dataclass(frozen=True)
class Scale:
    """How much is drawn and trained."""

    counts: dict[str, int]
    epochs: int
    repeats: int


FULL = Scale({"intact": 400, "stained": 150, "chipped": 110, RARE: 60}, epochs=10, repeats=3)
QUICK = Scale({"intact": 40, "stained": 20, "chipped": 20, RARE: 12}, epochs=2, repeats=1)


class Tiles(Study):
    """Train with each loss on the same tiles, and look at the rare class apart."""

    title = "Tiles with a rare defect"

    def prepare(self, bench: Bench) -> list[Planned]:
        scale = QUICK if bench.quick else FULL
        folder = bench.data / NAME
        draw_tiles(folder, counts=scale.counts)
        bench.playground.import_dataset(folder, name=NAME)
        plan = SplitPlan(train=50, validation=40, test=10)
        bench.playground.create_split(NAME, name=NAME, plan=plan)
        return [Planned(bench.title_of(loss), _specification(loss, scale)) for loss in LOSSES]

    def section(self, bench: Bench, trained: Sequence[Trained]) -> Section:
        return _section(bench, bench.playground.get_split(NAME), trained)


def _specification(loss: str, scale: Scale) -> Specification:
    return Specification(
        name=f"{NAME}-{loss}",
        split=NAME,
        task="classification",
        architecture=Choice(name="timm"),
        backbone="test_resnet",
        weights="none",
        losses={"class": parse_losses(loss)},
        metrics=("accuracy", "macro_recall", "macro_f1", "recall"),
        solver=Choice(name="adamw", parameters={"learning_rate": 0.002}),
        training=Training(epochs=scale.epochs, batch_size=32, image_size=48, repeats=scale.repeats),
    )


def _section(bench: Bench, split: SplitRecord, trained: Sequence[Trained]) -> Section:
    comparison = bench.compare(trained)
    labels = [one.label for one in trained]
    measures = (ACCURACY, MEAN_RECALL, MEAN_F1, LOSS, TRAIN_LOSS)
    table = comparison_table(comparison, labels, measures, caption="Tiles: all classes")
    apart = comparison_table(
        comparison, labels, (RARE_RECALL,), caption="Tiles: the rare class apart"
    )
    for one in (table, apart):
        bench.show_table(one)
    return Section(
        name=NAME,
        title="Tiles: a rare class",
        question="Few tiles are cracked. A model that overlooks all of them still has a high "
        "accuracy. Focal loss gives more weight to what is hard; MSE on probabilities is there "
        "to show what happens.",
        findings=(
            _shares(split),
            *findings(comparison, trained, (RARE_RECALL, ACCURACY)),
            _discouraged(bench),
        ),
        blocks=(
            table,
            apart,
            Figures(
                (
                    Figure(
                        draw_by_class(
                            by_class(trained, "recall"),
                            title="Recall by class on validation",
                            x_label="recall",
                        ),
                        "A dot for each run, a line for their mean.",
                    ),
                    Figure(
                        draw_series(
                            {one.label: one.series for one in trained},
                            RARE_RECALL.series,
                            title=f"Recall of {RARE} tiles by epoch",
                        ),
                        "The first run is drawn strongest.",
                    ),
                    *(loss_curves(one) for one in trained),
                ),
                "Classes and curves",
            ),
            _samples(bench, trained),
            *(specification_listing(one) for one in trained),
        ),
    )


def _shares(split: SplitRecord) -> str:
    rare = {part: split.class_counts[part].get(RARE, 0) for part in ("train", "validation")}
    return (
        f"{rare['train']} of {split.counts['train']} tiles to learn from and {rare['validation']} "
        f"of {split.counts['validation']} of validation are {RARE}: one tile more or less found "
        f"moves this recall by {100 / max(1, rare['validation']):.1f} %."
    )


def _discouraged(bench: Bench) -> str:
    """Say why the program discourages MSE here, in its own words."""
    (slot,) = bench.playground.loss_choices(split=NAME)
    (mse,) = (loss for loss in slot.losses if loss.name == "mse")
    return f"The program discourages {mse.title} for classification: {mse.reason}."


def _samples(bench: Bench, trained: Sequence[Trained]) -> Samples:
    """Show tiles of validation, the rare class first, chosen without the predictions."""
    classes = bench.playground.get_dataset(NAME).classes
    answers: dict[str, list[Answer]] = {}
    paths = {}
    for one in trained:
        for said in bench.predict(one):
            assert said.item.class_index is not None
            truth, found = said.item.class_index, int(said.slots["class"].argmax())
            key = said.item.path.name
            paths[key] = said.item.path
            told = answers.setdefault(key, [Answer("truth", classes[truth])])
            told.append(Answer(one.label, classes[found], found == truth))
    rare = sorted(key for key, told in answers.items() if told[0].text == RARE)
    others = sorted(set(answers) - set(rare))
    every = max(1, len(others) // SHOWN_OTHERS)
    return Samples(
        "What the models say of validation",
        tuple(
            Sample((Picture(photograph(paths[key]), ""),), tuple(answers[key]))
            for key in (*rare[:SHOWN_RARE], *others[::every][:SHOWN_OTHERS])
        ),
        caption=f"The first {RARE} tiles, then some others; the first run's predictions.",
    )
