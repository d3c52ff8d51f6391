"""What data are like: measured in records made up for it, with the arithmetic, and in real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_playground.core.contracts import (
    BoxView,
    Circumstance,
    Layout,
    Link,
    Offer,
    Slot,
    TargetForm,
)
from model_playground.core.loss_records import MeasuredCircumstance
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.insights.advice_measures import measured
from model_playground.tasks.task import get_task
from tests.insights.revisions import classified, masked, revision_of, valued

BOXES = Slot(
    name="box",
    layout=Layout.BOX,
    gives="pairs of boxes",
    offers=(Offer(TargetForm.VALUE, Link.IDENTITY, head_width=4, view=BoxView.XYXY),),
    default_loss="giou_box",
)
OBJECT_CLASSES = Slot(
    name="class",
    layout=Layout.BOX,
    gives="one class per box",
    offers=(Offer(TargetForm.CLASS_INDEX, Link.SOFTMAX, head_width=3),),
    default_loss="cross_entropy",
)


def measure(revision: Revision, slot: Slot | None = None) -> dict[str, MeasuredCircumstance]:
    """Measure for the task's slot, or for the one that is given."""
    if slot is None:
        (slot,) = get_task(revision.task).slots(revision.facts)
    return {one.name: one for one in measured(revision, slot)}


def found(revision: Revision, slot: Slot | None = None) -> set[str]:
    """Return what was found."""
    return {name for name, one in measure(revision, slot).items() if one.state == "found"}


def test_data_in_which_nothing_stands_out() -> None:
    assert found(classified({"cat": 200, "dog": 150})) == set()
    assert found(valued([float(number % 50 + 100) for number in range(400)])) == set()


@pytest.mark.parametrize(("rare", "is_found"), [(30, True), (31, False)])
def test_classes_are_unbalanced_from_ten_times_on(rare: int, is_found: bool) -> None:
    one = measure(classified({"cat": 300, "lynx": rare, "yeti": 0}))[Circumstance.IMBALANCE]
    assert (one.state == "found") == is_found
    assert one.figures["ratio"] == pytest.approx(300 / rare)
    assert "cat has 300 images" in one.said
    assert f"lynx {rare}" in one.said
    assert one.said.endswith("yeti has none")
    assert "dataset check" in one.threshold


def test_classes_of_one_size_are_told_as_that() -> None:
    one = measure(classified({"cat": 30, "dog": 30}))[Circumstance.IMBALANCE]
    assert (one.state, one.said) == ("not found", "each class has 30 images")


def test_a_class_alone_is_not_unbalanced() -> None:
    one = measure(classified({"cat": 300, "dog": 0}))[Circumstance.IMBALANCE]
    assert (one.state, one.said) == ("not found", "cat is the only class that has images")


def test_regions_are_measured_in_pixels_and_by_the_median_image() -> None:
    # Of 1,000 pixels each: poles are 0.2 %, 0.5 % and 4 %, median 0.5 %; roads 96 % and more.
    # A third image has no pole: it does not count. Roads have 3,953 pixels, poles 47: 84 times.
    images = [{"road": 1000 - pole, "pole": pole} for pole in (2, 5, 40, 0)]
    shown = measure(masked(images, ["road", "pole", "sky"]))
    small = shown[Circumstance.SMALL_OBJECTS]
    assert small.state == "found"
    assert small.figures == pytest.approx({"small classes": 1, "smallest share": 0.005})
    assert small.said.startswith("1 of 2 classes typically cover less than 1 % of an image")
    assert small.said.endswith("pole 0.5 %")
    imbalance = shown[Circumstance.IMBALANCE]
    assert imbalance.figures["ratio"] == pytest.approx((998 + 995 + 960 + 1000) / 47)
    assert imbalance.said.endswith("sky has none")
    large = [{"road": 900, "pole": 100}] * 3
    assert measure(masked(large, ["road", "pole"]))[Circumstance.SMALL_OBJECTS].said == (
        "the smallest class, pole, typically covers 10 % of an image that has it"
    )


def test_masks_that_were_not_looked_into_are_not_measured() -> None:
    labels = [[{"kind": "mask_image", "path": "mask.png"}]]
    unseen = revision_of("segmentation", labels, classes=["road", "pole"], contents=[None])
    shown = measure(unseen)
    for name in (Circumstance.IMBALANCE, Circumstance.SMALL_OBJECTS, Circumstance.WRONG_LABELS):
        assert shown[name].state == "not measured"
    assert "no mask was looked into" in shown[Circumstance.SMALL_OBJECTS].said
    assert "copies are not known" in shown[Circumstance.WRONG_LABELS].said


def test_objects_are_small_by_pixels_or_by_the_share_of_their_image() -> None:
    def objects(*sides: float) -> Revision:
        rows = [
            {
                "kind": "box",
                "class_index": 0 if side < 100 else 1,
                "left": 10,
                "top": 10,
                "right": 10 + side,
                "bottom": 10 + side,
            }
            for side in sides
        ]
        return revision_of("detection", [rows], classes=["bird", "ship"], size_wh=(6400, 4800))

    # 32² pixels of 640×480 are the share that 320² of 6400×4800 are.
    several = measure(objects(20, 300, 330, 400), OBJECT_CLASSES)
    assert several[Circumstance.SMALL_OBJECTS].figures["share"] == pytest.approx(2 / 4)
    assert several[Circumstance.SMALL_OBJECTS].state == "found"
    assert several[Circumstance.IMBALANCE].said.startswith("ship has 3 objects, bird 1: 3 times")
    assert Circumstance.SMALL_OBJECTS not in found(objects(20, 330, 400, 500, 600), OBJECT_CLASSES)


def test_boxes_are_no_values_of_an_image() -> None:
    rows = [{"kind": "box", "class_index": 0, "left": 0, "top": 0, "right": 8, "bottom": 8}]
    shown = measure(revision_of("detection", [rows], classes=["bird"]), BOXES)
    assert shown[Circumstance.SMALL_OBJECTS].state == "found"
    assert not shown.keys() & {Circumstance.OUTLIERS, Circumstance.IMBALANCE}


def test_many_classes_begin_at_fifty() -> None:
    assert Circumstance.MANY_CLASSES in found(classified({f"c{n}": 10 for n in range(50)}))
    assert Circumstance.MANY_CLASSES not in found(classified({f"c{n}": 10 for n in range(49)}))


def test_outliers_are_told_with_their_limits_and_files() -> None:
    # 0 … 198: the median is 99, half of the values are within 49.5 of it. A robust standard
    # deviation is 49.5 / 0.6745 = 73.4; beyond 99 ± 257 lies nothing, and then 1,000 and 2,000.
    even = [float(value) for value in range(199)]
    one = measure(valued([*even, 1000.0, *even[1:]]))[Circumstance.OUTLIERS]
    assert one.state == "not found"  # 1 of 398 is 0.25 %
    assert one.said.startswith("1 of 398 values of weight (0.25 %) is outside")
    two = measure(valued([*even, 1000.0, 2000.0]))[Circumstance.OUTLIERS]
    assert two.state == "found"
    assert two.figures["weight"] == pytest.approx(2 / 201)
    assert two.files == ("200.png", "199.png")


def test_values_that_are_all_or_mostly_the_same() -> None:
    constant = measure(valued([7.0] * 400))
    assert constant[Circumstance.OUTLIERS].state == "not found"
    assert constant[Circumstance.OUTLIERS].said == "all values of weight are 7"
    assert constant[Circumstance.WIDE_RANGE].state == "not found"
    # The median distance is 0. The mean one is (3 × 100) / 400 = 0.75: 0.94 is the deviation.
    mostly = measure(valued([7.0] * 397 + [107.0] * 3))[Circumstance.OUTLIERS]
    assert mostly.state == "found"
    assert mostly.figures["weight"] == pytest.approx(3 / 400)


def test_a_range_is_wide_from_a_hundred_times_on() -> None:
    powers = [10 ** (number / 100) for number in range(401)]  # 1 to 10,000, evenly in logarithms
    assert Circumstance.WIDE_RANGE in found(valued(powers))
    negative = measure(valued([-1.0, *powers]))[Circumstance.WIDE_RANGE]
    assert (negative.state, negative.said) == ("not found", "weight has values of 0 or less")


def test_copies_with_different_labels_are_counted_and_named() -> None:
    cats, dogs = [f"cat{n}" for n in range(200)], [f"dog{n}" for n in range(200)]
    clean = measure(classified({"cat": 200, "dog": 200}, contents=[*cats, *dogs]))
    assert clean[Circumstance.WRONG_LABELS].state == "not found"
    assert "others that are wrong cannot be seen" in clean[Circumstance.WRONG_LABELS].said

    few = measure(classified({"cat": 200, "dog": 200}, contents=[*cats, cats[3], *dogs[1:]]))
    one = few[Circumstance.WRONG_LABELS]
    assert (one.state, one.files) == ("not found", ("200.png",))
    assert one.said.startswith("1 image is there more than once with different labels (0.25 %)")
    assert "mend them first" in one.said

    many = measure(classified({"cat": 200, "dog": 200}, contents=[*cats, *cats[:4], *dogs[4:]]))
    assert many[Circumstance.WRONG_LABELS].state == "found"
    assert many[Circumstance.WRONG_LABELS].figures == {"images": 4}
    agreeing = [*cats[:-1], cats[0], *dogs]
    assert found(classified({"cat": 200, "dog": 200}, contents=agreeing)) == set()


def test_images_that_were_not_looked_into_are_told_of() -> None:
    some = measure(classified({"cat": 2, "dog": 1}, contents=["a", None, None]))
    assert some[Circumstance.WRONG_LABELS].said.endswith("2 images were not looked into")


def test_few_images_are_told_of() -> None:
    assert found(classified({"cat": 150, "dog": 149})) == {"few images"}
    one = measure(classified({"cat": 300, "dog": 9, "eel": 0}))["few images"]
    assert (one.state, one.said) == ("found", "309 images; 1 class has fewer than 10: dog")
    assert found(revision_of("classification", [], classes=["cat"])) == {"few images"}


@pytest.mark.slow
def test_real_data(real_data: Path) -> None:
    signs, _ = import_dataset(real_data / "signdigits")
    assert found(signs) == set()
    # 208 of the most frequent digit, 204 of the rarest
    assert measure(signs)[Circumstance.IMBALANCE].figures["ratio"] == pytest.approx(208 / 204)

    options = ReadOptions(target_columns=("weight_g",))
    food, _ = import_dataset(real_data / "ecustfd/weights.csv", task="regression", options=options)
    assert found(food) == set()  # weights from 54.5 to 325 g

    masks, _ = import_dataset(real_data / "coco128/semantic_segmentation")
    assert found(masks) == {
        Circumstance.IMBALANCE,
        Circumstance.SMALL_OBJECTS,
        Circumstance.MANY_CLASSES,
        "few images",
    }
