"""Numbers that cannot be meant: far from all others, or in another unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.records import Finding
from model_playground.datasets.findings import warning
from model_playground.datasets.records import Revision

FEWEST_VALUES = 10
"""Of fewer values one cannot say what is usual."""

OUTLYING = 6.0
"""From how many robust standard deviations on a value is an outlier: of normally distributed values
two in a thousand million are."""

_DEVIATION_OF_MAD = 1.4826  # the standard deviation of normal values whose median deviation is 1

UNIT_RATIOS: dict[float, str] = {
    1000.0: "1,000, as between grams and kilograms",
    100.0: "100, as between centimetres and metres",
    10.0: "10, as between millimetres and centimetres",
    25.4: "25.4, as between millimetres and inches",
    2.54: "2.54, as between centimetres and inches",
    1_000_000.0: "1,000,000, as between cubic centimetres and cubic metres",
    453.59237: "453.6, as between grams and pounds",
    28.349523: "28.35, as between grams and ounces",
}
"""By what a number changes when its unit does, the commonest first."""

DENSEST_G_PER_CM3 = 23.0
"""Osmium, the densest element, has 22.6."""

LIGHTEST_G_PER_CM3 = 0.001
"""Air has 0.0012."""

_GRAMS = {"mg": 0.001, "g": 1.0, "kg": 1000.0, "lb": 453.59237, "oz": 28.349523}
_CUBIC_CM = {
    "mm^3": 0.001,
    "mm3": 0.001,
    "mm³": 0.001,
    "cm^3": 1.0,
    "cm3": 1.0,
    "cm³": 1.0,
    "ml": 1.0,
    "cl": 10.0,
    "dl": 100.0,
    "l": 1000.0,
    "m^3": 1e6,
    "m3": 1e6,
    "m³": 1e6,
}
_NAMED_UNIT = re.compile(r"^(?P<what>.*?)[\s_(\[]+(?P<unit>[^\s_()\[\]]+)[)\]]?\s*$")


def value_findings(revision: Revision) -> Iterator[Finding]:
    """Judge the values of a regression, and the columns that say volume and weight."""
    annotations = revision.annotations
    values = annotations.filter(pc.equal(annotations["kind"], "value"))
    for name in revision.target_names:
        yield from _judged(revision, name, values.filter(pc.equal(values["name"], name)))
    yield from _densities(revision)


def _judged(revision: Revision, name: str, rows: pa.Table) -> Iterator[Finding]:
    values = rows["value"].to_numpy()
    if len(values) < FEWEST_VALUES:
        return
    if values.min() == values.max():
        said = f"{name} is {values[0]:g} for all {len(values):,} items: there is nothing to predict"
        yield warning("constant_value", said, file=rows["source_file"][0].as_py() or "")
        return
    median = float(np.median(values))
    for place in outliers(values):
        value = float(values[place])
        (row,) = rows.slice(place, 1).to_pylist()
        at = pc.index(revision.items["item_id"], row["item_id"]).as_py()
        path = revision.items["path"][at].as_py()
        said = f"{path}: {name} is {value:g}, and half of the values are below {median:g}"
        ratio = unit_ratio(value, values)
        if ratio is not None:
            turned = "times" if ratio[0] > 1 else "divided by"
            said += f"; {turned} {ratio[1]}, it would be among them"
        yield warning(
            "value_outlier" if ratio is None else "wrong_unit",
            said,
            file=row["source_file"] or path,
            line=row["source_line"],
        )


def outliers(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return the places of the values that are far from all others.

    The spread is that of the middle half, which no outlier can widen. Positive numbers must be far
    out on a logarithmic scale too: prices and areas have long tails.

    >>> outliers(np.array([*range(20), 500.0]))
    array([20])
    """
    far = _far(values)
    if (values > 0).all():
        far &= _far(np.log(values))
    return np.flatnonzero(far)


def _far(values: NDArray[Any]) -> NDArray[np.bool_]:
    distances = np.abs(values - np.median(values))
    spread = _DEVIATION_OF_MAD * float(np.median(distances))
    if spread == 0:  # more than half of the values are one: their mean distance does instead
        spread = 1.2533 * float(distances.mean())
    far: NDArray[np.bool_] = distances > OUTLYING * spread
    return far


def unit_ratio(value: float, values: NDArray[Any]) -> tuple[float, str] | None:
    """Return by what a value must be multiplied to be in the middle half of all, if by a unit's.

    >>> unit_ratio(0.15, np.arange(100.0, 200.0))
    (1000.0, '1,000, as between grams and kilograms')
    """
    low, high = np.quantile(values, [0.25, 0.75])
    for ratio, said in UNIT_RATIOS.items():
        for factor in (ratio, 1 / ratio):
            if low <= value * factor <= high:
                return factor, said
    return None


def _densities(revision: Revision) -> Iterator[Finding]:
    """Divide weight by volume, where two columns of an item say them with their units."""
    columns = _quantities(revision)
    for weight, grams, in_grams in columns["weight"]:
        for volume, cubic_cm, in_cubic_cm in columns["volume"]:
            with np.errstate(divide="ignore", invalid="ignore"):
                density = float(np.nanmedian((in_grams * grams) / (in_cubic_cm * cubic_cm)))
            if LIGHTEST_G_PER_CM3 <= density <= DENSEST_G_PER_CM3 or not np.isfinite(density):
                continue
            than = "heavier than any metal" if density > 1 else "lighter than air"
            said = (
                f"by the columns {weight} and {volume} the median item weighs {density:,.4g} g "
                f"per cm³, which is {than}: one of the two units is wrong"
            )
            sources = revision.annotations["source_file"].drop_null()
            yield warning("impossible_density", said, file=sources[0].as_py() if sources else "")


def _quantities(revision: Revision) -> dict[str, list[tuple[str, float, NDArray[Any]]]]:
    """Return the columns of numbers whose names say a unit of weight or volume."""
    found: dict[str, list[tuple[str, float, NDArray[Any]]]] = {"weight": [], "volume": []}
    for name in (*revision.target_names, *revision.columns):
        named = _NAMED_UNIT.match(name.lower())
        unit = named["unit"] if named else ""
        for what, units in (("weight", _GRAMS), ("volume", _CUBIC_CM)):
            if unit in units:
                found[what].append((name, units[unit], _numbers(revision, name)))
    return found


def _numbers(revision: Revision, name: str) -> NDArray[np.float64]:
    """Return a column as numbers in the order of the items; NaN where it holds none."""
    if name in revision.columns:
        return np.array([_number(cell) for cell in revision.items[name].to_pylist()])
    rows = revision.annotations.filter(pc.equal(revision.annotations["name"], name))
    places = pc.index_in(revision.items["item_id"], value_set=rows["item_id"].combine_chunks())
    return np.asarray(rows["value"].cast(pa.float64()).take(places).to_numpy())


def _number(cell: str | None) -> float:
    try:
        return float((cell or "").replace(",", "."))
    except ValueError:
        return float("nan")
