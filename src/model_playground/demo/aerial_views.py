"""Land seen from above: cross-entropy against cross-entropy with IoU on small and rare objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from model_playground.core.expression import parse_losses
from model_playground.core.records import SplitPlan
from model_playground.core.specification import Choice, Specification, Training
from model_playground.datasets.demo import AERIAL_CLASSES, draw_aerial_views
from model_playground.demo.pictures import coloured, css_colour, photograph
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
    Figure,
    Figures,
    Picture,
    Sample,
    Samples,
    Section,
    comparison_table,
)
from model_playground.insights.wording import Measure

NAME = "aerial-views"
LOSSES = ("cross_entropy", "cross_entropy_iou_2d")
SMALL_OR_RARE = ("car", "pool")
SHOWN_VIEWS = 8
COLOURS = ((122, 153, 96), (150, 150, 150), (201, 104, 72), (245, 200, 40), (40, 120, 215))

LOSS = Measure("validation/loss", "loss on validation", higher_is_better=False)
TRAIN_LOSS = Measure("train_sample/loss", "loss on a sample of train", higher_is_better=False)
MEAN_IOU = Measure("validation/mean_iou", "mean IoU on validation", higher_is_better=True)
ACCURACY = Measure("validation/pixel_accuracy", "pixel accuracy on validation", True)
MEASURES = (MEAN_IOU, ACCURACY, LOSS, TRAIN_LOSS)
IOUS = tuple(
    Measure(f"validation/iou/{name}", f"IoU of {name}s on validation", higher_is_better=True)
    for name in SMALL_OR_RARE
)


@dataclass(frozen=True)
class Scale:
    """How much is drawn and trained."""

    views: int
    epochs: int
    repeats: int


FULL = Scale(views=220, epochs=15, repeats=3)
QUICK = Scale(views=40, epochs=2, repeats=1)


class AerialViews(Study):
    """Train with each loss on the same views, and look at cars and pools apart."""

    title = "Aerial views with small and rare objects"

    def prepare(self, bench: Bench) -> list[Planned]:
        scale = QUICK if bench.quick else FULL
        folder = bench.data / NAME
        draw_aerial_views(folder, count=scale.views)
        bench.playground.import_dataset(folder, name=NAME)
        plan = SplitPlan(train=64, validation=26, test=10)
        bench.playground.create_split(NAME, name=NAME, plan=plan)
        return [Planned(bench.title_of(loss), _specification(loss, scale)) for loss in LOSSES]

    def section(self, bench: Bench, trained: Sequence[Trained]) -> Section:
        return _section(bench, trained)


def _specification(loss: str, scale: Scale) -> Specification:
    return Specification(
        name=f"{NAME}-{loss}",
        split=NAME,
        task="segmentation",
        architecture=Choice(name="unet", parameters={"decoder_channels": 8}),
        backbone="test_efficientnet",
        weights="none",
        losses={"class": parse_losses(loss)},
        solver=Choice(name="adamw", parameters={"learning_rate": 0.01}),
        augmentations=(Choice(name="horizontal_flip"), Choice(name="vertical_flip")),
        training=Training(epochs=scale.epochs, batch_size=8, image_size=64, repeats=scale.repeats),
    )


def _section(bench: Bench, trained: Sequence[Trained]) -> Section:
    comparison = bench.compare(trained)
    labels = [one.label for one in trained]
    table = comparison_table(
        comparison,
        labels,
        (MEAN_IOU, ACCURACY, LOSS, TRAIN_LOSS),
        caption="Aerial views: all classes",
    )
    apart = comparison_table(
        comparison, labels, IOUS, caption="Aerial views: small and rare classes apart"
    )
    for one in (table, apart):
        bench.show_table(one)
    return Section(
        name=NAME,
        title="Aerial views: small and rare objects",
        question="Cars are small, and pools are small and rare. Cross-entropy counts pixels; with "
        "IoU added, each class counts as a whole. Which finds the small ones?",
        findings=(_shares(bench), *findings(comparison, trained, (MEAN_IOU, *IOUS))),
        blocks=(
            table,
            apart,
            Figures(
                (
                    Figure(_iou_by_class(trained), "A dot for each run, a line for their mean."),
                    Figure(
                        draw_series(
                            {one.label: one.series for one in trained},
                            MEAN_IOU.series,
                            title="Mean IoU on validation by epoch",
                        )
                    ),
                    *(loss_curves(one) for one in trained),
                ),
                "Classes and curves",
            ),
            _samples(bench, trained),
            *(specification_listing(one) for one in trained),
        ),
    )


def _iou_by_class(trained: Sequence[Trained]) -> str:
    return draw_by_class(
        by_class(trained, "iou"), title="IoU by class on validation", x_label="IoU"
    )


def _shares(bench: Bench) -> str:
    """Say how much of the pictures the small and rare classes cover, as measured."""
    masks = [np.asarray(Image.open(path)) for path in _masks(bench)]
    told = []
    for name in SMALL_OR_RARE:
        found = [mask == AERIAL_CLASSES.index(name) for mask in masks]
        pixels, pictures = np.mean(found), np.mean([one.any() for one in found])
        told.append(
            f"{name}s cover {100 * pixels:.2f} % of the pixels and are in "
            f"{100 * pictures:.0f} % of the views"
        )
    return f"Of {len(masks)} views drawn, {' and '.join(told)}."


def _masks(bench: Bench) -> list[Path]:
    return sorted((bench.data / NAME / "masks").glob("*.png"))


def _samples(bench: Bench, trained: Sequence[Trained]) -> Samples:
    """Show views of validation with the rarest classes first, chosen without the predictions."""
    predicted = [
        {said.item.path.name: said.slots["class"].argmax(0).numpy() for said in bench.predict(one)}
        for one in trained
    ]
    truth = {
        path.name: np.asarray(Image.open(path))
        for path in _masks(bench)
        if path.name in predicted[0]
    }
    rarest_first = sorted(truth, key=lambda name: (-int(truth[name].max()), name))
    return Samples(
        "What the models see in validation",
        tuple(
            Sample(
                (
                    Picture(photograph(bench.data / NAME / "images" / name), "view"),
                    Picture(coloured(truth[name], COLOURS), "truth"),
                    *(
                        Picture(coloured(masks[name], COLOURS), one.label)
                        for one, masks in zip(trained, predicted, strict=True)
                    ),
                )
            )
            for name in rarest_first[:SHOWN_VIEWS]
        ),
        colours=tuple(zip(AERIAL_CLASSES, map(css_colour, COLOURS), strict=True)),
        caption="Views with pools first, then with cars; the first run's predictions.",
    )
