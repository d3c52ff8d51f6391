"""What a dataset is like where that matters for the choice of a loss, measured in its records.

No image is opened: everything here was read or counted at the import. Each measure says from where
on it counts, and where that figure comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.contracts import Circumstance, Layout, Slot, TargetForm
from model_playground.core.loss_records import MeasuredCircumstance
from model_playground.datasets.pixel_counts import pixel_counts
from model_playground.datasets.record_checks import FEW_ITEMS, IMBALANCE, record_findings
from model_playground.datasets.records import OBJECT_KINDS, Revision
from model_playground.insights.wording import number

SMALL_REGION = 0.01
"""A class whose regions typically cover less of an image than this has small regions."""

SMALL_OBJECT_PX = 32**2
"""What COCO's evaluation calls small, in pixels of area."""

SMALL_OBJECT_SHARE = SMALL_OBJECT_PX / (640 * 480)
"""The same area as a share of COCO's usual image: for images of other sizes."""

MANY_SMALL_OBJECTS = 0.25

FAR = 3.5
"""How many robust standard deviations from the median a value is an outlier."""

MANY_OUTLIERS = 0.005
"""Of normal values 0.05 % are as far as that: ten times as many are no chance."""

MANY_CLASSES = 50
MANY_WRONG_LABELS = 0.01
WIDE_RANGE = 100.0
FEW_IMAGES = 300
"""With fewer, a tenth for validation is fewer than 30 images."""

FEW_IMAGES_NAME = "few images"
"""No loss is made for it, but it says how far a comparison of losses can be trusted."""

_NAMED = 3
"""How many classes or files a sentence names."""

_INSPECT = "`playground dataset inspect`"

_NORMAL_MAD = 0.6745  # the median distance from the median, of a standard normal distribution
_NORMAL_MEAN_DISTANCE = 0.7979  # its mean distance, √(2/π)
_VALUES = (TargetForm.VALUE, TargetForm.AMOUNT)


def measured(revision: Revision, slot: Slot) -> tuple[MeasuredCircumstance, ...]:
    """Measure what matters for the losses of a slot, in the order in which it is told.

    Args:
        revision: the records of the dataset.
        slot: the slot; its targets say whether classes, regions, objects or values are measured.
    """
    found = []
    if slot.offers[0].form not in _VALUES:
        found += [_imbalance(revision, slot.layout), _many_classes(revision)]
    elif slot.layout is Layout.ITEM:
        found += [_outliers(revision), _wide_range(revision)]
    if slot.layout is Layout.PIXEL:
        found.append(_small_regions(revision))
    elif slot.layout in (Layout.BOX, Layout.MASK):
        found.append(_small_objects(revision))
    return (*found, _wrong_labels(revision), _few_images(revision))


# Classes


def _imbalance(revision: Revision, layout: Layout) -> MeasuredCircumstance:
    counts, unit = _class_counts(revision, layout)
    told = _Told(
        Circumstance.IMBALANCE,
        f"from {IMBALANCE} times on, as in `playground dataset check`",
    )
    present = {name: count for name, count in counts.items() if count}
    if not present:
        return told.not_measured(
            f"the records count no {unit} of any class"
            + (f"; {_INSPECT} looks into the masks" if unit == "pixels" else "")
        )
    if len(present) == 1:
        return told.absent(f"{next(iter(present))} is the only class that has {unit}")
    most, least = max(present, key=present.__getitem__), min(present, key=present.__getitem__)
    ratio = present[most] / present[least]
    said = (
        f"{most} has {present[most]:,} {unit}, {least} {present[least]:,}: "
        f"{number(ratio)} times as many"
        if ratio > 1 or len(present) < len(counts)
        else f"each class has {present[most]:,} {unit}"
    )
    if absent := [name for name in counts if name not in present]:
        said += f"; {_listed(absent)} {'has' if len(absent) == 1 else 'have'} none"
    return told.judged(ratio >= IMBALANCE, said, {"ratio": ratio})


def _class_counts(revision: Revision, layout: Layout) -> tuple[Mapping[str, int], str]:
    if layout is Layout.PIXEL:
        return pixel_counts(revision, revision.item_ids), "pixels"
    if layout is Layout.ITEM:
        return revision.class_counts(), "images"
    indices = _objects(revision)["class_index"].drop_null().to_numpy()
    counts = np.bincount(indices, minlength=len(revision.classes))
    return {one.name: int(counts[one.index]) for one in revision.classes}, "objects"


def _many_classes(revision: Revision) -> MeasuredCircumstance:
    count = len(revision.classes)
    told = _Told(Circumstance.MANY_CLASSES, f"from {MANY_CLASSES} on, our choice")
    said = f"{count} class{'' if count == 1 else 'es'}"
    return told.judged(count >= MANY_CLASSES, said, {"classes": count})


# Regions and objects


def _small_regions(revision: Revision) -> MeasuredCircumstance:
    told = _Told(
        Circumstance.SMALL_OBJECTS,
        f"from one class on whose median share of an image is below {_percent(SMALL_REGION)}, our "
        f"choice; COCO calls {_percent(SMALL_OBJECT_SHARE)} small, 32² pixels of 640×480",
    )
    table = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_pixels"))
    if not table.num_rows:
        return told.not_measured(f"no mask was looked into at the import; {_INSPECT} does so")
    items = table["item_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    pixels = table["value"].to_numpy()
    shares = pixels / np.maximum(np.bincount(items, weights=pixels), 1)[items]
    of_class = table["class_index"].to_numpy()
    typical = {
        one.name: float(np.median(shares[mine]))
        for one in revision.classes
        if (mine := (of_class == one.index) & (pixels > 0)).any()
    }
    by_size = sorted(typical, key=typical.__getitem__)
    small = [name for name in by_size if typical[name] < SMALL_REGION]
    figures = {"small classes": float(len(small)), "smallest share": typical[by_size[0]]}
    if not small:
        least = by_size[0]
        said = (
            f"the smallest class, {least}, typically covers {_percent(typical[least])} of an image "
            "that has it"
        )
        return told.absent(said, figures)
    shown = ", ".join(f"{name} {_percent(typical[name])}" for name in small[:_NAMED])
    more = ", …" if len(small) > _NAMED else ""
    said = (
        f"{len(small)} of {len(typical)} classes typically cover less than "
        f"{_percent(SMALL_REGION)} of an image that has them: {shown}{more}"
    )
    return told.found(said, figures)


def _small_objects(revision: Revision) -> MeasuredCircumstance:
    told = _Told(
        Circumstance.SMALL_OBJECTS,
        f"from {_percent(MANY_SMALL_OBJECTS)} on, our choice; small is below 32² pixels, as for "
        f"COCO, or the same share of the image as that of 640×480, "
        f"{_percent(SMALL_OBJECT_SHARE)}",
    )
    objects = _objects(revision)
    if not objects.num_rows:
        return told.not_measured("the records have no object")
    width, height = (
        objects[far].to_numpy() - objects[near].to_numpy()
        for near, far in (("left", "right"), ("top", "bottom"))
    )
    areas = np.maximum(width, 0) * np.maximum(height, 0)
    small = (areas < SMALL_OBJECT_PX) | (
        areas < SMALL_OBJECT_SHARE * _image_areas(revision, objects)
    )
    share = float(small.mean())
    said = f"{int(small.sum()):,} of {len(small):,} objects are small ({_percent(share)})"
    return told.judged(share >= MANY_SMALL_OBJECTS, said, {"share": share})


def _objects(revision: Revision) -> pa.Table:
    kinds = pa.array(OBJECT_KINDS)
    return revision.annotations.filter(pc.is_in(revision.annotations["kind"], value_set=kinds))


def _image_areas(revision: Revision, objects: pa.Table) -> NDArray[Any]:
    """Return the area of each object's image, 0 where its size is not known."""
    ids = revision.items["item_id"].combine_chunks()
    places = pc.index_in(objects["item_id"], value_set=ids)
    sides = (revision.items[name].cast(pa.float64()) for name in ("width", "height"))
    width, height = (pc.fill_null(side, 0.0).take(places).to_numpy() for side in sides)
    return np.asarray(width * height)


# Values


def _outliers(revision: Revision) -> MeasuredCircumstance:
    told = _Told(
        Circumstance.OUTLIERS,
        f"above {_percent(MANY_OUTLIERS)}, our choice; an outlier is {FAR} robust standard "
        "deviations from the median (Iglewicz and Hoaglin), as 0.05 % of normal values are",
    )
    by_name = _values(revision)
    if not by_name:
        return told.not_measured("the records have no value")
    shares, said, files = {}, [], []
    for name, (values, item_ids) in by_name.items():
        middle, deviation = _robust(values)
        if deviation == 0:
            said.append(f"all values of {name} are {number(middle)}")
            shares[name] = 0.0
            continue
        distances = np.abs(values - middle) / deviation
        far = distances > FAR
        shares[name] = float(far.mean())
        low, high = middle - FAR * deviation, middle + FAR * deviation
        count = int(far.sum())
        said.append(
            f"{count or 'none'} of {len(values):,} values of {name} ({_percent(shares[name])}) "
            f"{'is' if count == 1 else 'are'} outside {number(low)} to {number(high)} "
            f"(median {number(middle)})"
        )
        furthest = np.argsort(-distances, kind="stable")[: min(count, _NAMED)]
        files += _paths(revision, [item_ids[place] for place in furthest])
    return told.judged(max(shares.values()) > MANY_OUTLIERS, "; ".join(said), shares, tuple(files))


def _wide_range(revision: Revision) -> MeasuredCircumstance:
    told = _Told(
        Circumstance.WIDE_RANGE,
        f"from {WIDE_RANGE:g} times the lower of the two on, our choice",
    )
    by_name = _values(revision)
    if not by_name:
        return told.not_measured("the records have no value")
    ratios, said = {}, []
    for name, (values, _) in by_name.items():
        if values.min() <= 0:
            said.append(f"{name} has values of 0 or less")
            continue
        low, high = np.percentile(values, [1, 99])
        ratios[name] = float(high / low)
        said.append(f"98 % of {name} are from {number(low)} to {number(high)}")
    wide = max(ratios.values(), default=0.0) >= WIDE_RANGE
    return told.judged(wide, "; ".join(said), ratios)


def _values(revision: Revision) -> dict[str, tuple[NDArray[Any], list[str]]]:
    """Return the finite values of each target, and the ids of the items they belong to."""
    table = revision.annotations.filter(pc.equal(revision.annotations["kind"], "value"))
    table = table.filter(pc.is_finite(table["value"]))
    found = {}
    for name in revision.target_names:
        mine = table.filter(pc.equal(table["name"], name))
        if mine.num_rows:
            found[name] = (mine["value"].to_numpy(), mine["item_id"].to_pylist())
    return found


def _robust(values: NDArray[Any]) -> tuple[float, float]:
    """Return the median and a standard deviation that outliers hardly change.

    Where more than half of the values are the same their median distance is 0; the mean distance
    then takes its place, and is 0 only if all are the same.
    """
    middle = float(np.median(values))
    distances = np.abs(values - middle)
    median_distance = float(np.median(distances))
    if median_distance > 0:
        return middle, median_distance / _NORMAL_MAD
    return middle, float(distances.mean()) / _NORMAL_MEAN_DISTANCE


# Labels and items


def _wrong_labels(revision: Revision) -> MeasuredCircumstance:
    told = _Told(
        Circumstance.WRONG_LABELS,
        f"from {_percent(MANY_WRONG_LABELS)} of the images on, our choice",
    )
    unseen = revision.items["content_hash"].null_count
    if unseen == revision.items.num_rows:
        return told.not_measured(
            f"no image was looked into at the import, so copies are not known; {_INSPECT} does so"
        )
    differing = [
        finding
        for finding in record_findings(revision)
        if finding.kind == "copied_image_labelled_differently"
    ]
    share = len(differing) / revision.items.num_rows
    if not differing:
        said = "no image is there twice with different labels; others that are wrong cannot be seen"
    else:
        images = "1 image is" if len(differing) == 1 else f"{len(differing):,} images are"
        said = (
            f"{images} there more than once with different labels ({_percent(share)}), of which "
            "only one can be right: mend them first"
        )
    if unseen:
        said += f"; {unseen:,} images were not looked into"
    files = tuple(finding.file for finding in differing[:_NAMED])
    return told.judged(share >= MANY_WRONG_LABELS, said, {"images": len(differing)}, files)


def _few_images(revision: Revision) -> MeasuredCircumstance:
    count = revision.items.num_rows
    told = _Told(
        FEW_IMAGES_NAME,
        f"below {FEW_IMAGES}, of which a tenth for validation is below 30, or below {FEW_ITEMS} "
        "with some class, as in `playground dataset check`",
    )
    rare = [name for name, images in revision.class_counts().items() if 0 < images < FEW_ITEMS]
    said = f"{count:,} image{'' if count == 1 else 's'}"
    if rare:
        have = "class has" if len(rare) == 1 else "classes have"
        said += f"; {len(rare)} {have} fewer than {FEW_ITEMS}: {_listed(rare)}"
    few = count < FEW_IMAGES or bool(rare)
    return told.judged(few, said, {"images": count, "rare classes": len(rare)})


def _paths(revision: Revision, item_ids: list[str]) -> list[str]:
    places = pc.index_in(
        pa.array(item_ids, pa.string()), value_set=revision.items["item_id"].combine_chunks()
    )
    paths: list[str] = revision.items["path"].take(places).to_pylist()
    return paths


def _listed(names: list[str]) -> str:
    """Name some, and say how many more there are.

    >>> _listed(["a", "b"]), _listed(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    shown, more = names[:_NAMED], len(names) - _NAMED
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _percent(share: float) -> str:
    return f"{number(float(f'{100 * share:.2g}'))} %"


class _Told(NamedTuple):
    """A circumstance and from where on it counts: the ends that a measure can have."""

    name: str
    threshold: str

    def found(
        self, said: str, figures: Mapping[str, float], files: tuple[str, ...] = ()
    ) -> MeasuredCircumstance:
        return self.judged(True, said, figures, files)

    def absent(self, said: str, figures: Mapping[str, float] | None = None) -> MeasuredCircumstance:
        return self.judged(False, said, figures or {})

    def not_measured(self, why: str) -> MeasuredCircumstance:
        return MeasuredCircumstance(
            name=self.name, state="not measured", said=why, threshold=self.threshold
        )

    def judged(
        self,
        is_found: bool,
        said: str,
        figures: Mapping[str, float],
        files: tuple[str, ...] = (),
    ) -> MeasuredCircumstance:
        return MeasuredCircumstance(
            name=self.name,
            state="found" if is_found else "not found",
            said=said,
            threshold=self.threshold,
            figures=dict(figures),
            files=files,
        )
