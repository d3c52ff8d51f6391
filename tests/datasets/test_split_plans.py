"""Plans of splits: strata, folds, what is given to parts, what belongs together, and leaks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import PARTS, SplitPlan
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.near_duplicates import NearDuplicateFinder, NearDuplicates
from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    ITEM_SCHEMA,
    ClassRecord,
    Revision,
)
from model_playground.datasets.splits.conditions import ItemFields, items_that
from model_playground.datasets.splits.division import Division, divide
from model_playground.datasets.splits.drawing import Units, draw_stratified
from model_playground.datasets.splits.name_series import find_name_series

NONE_NEAR = NearDuplicates(())


def content(number: int) -> str:
    return f"{number:064x}"


def revision(
    labels: list[tuple[int, ...]],
    *,
    paths: list[str] | None = None,
    contents: list[int] | None = None,
    values: list[float] | None = None,
    columns: Mapping[str, list[str]] | None = None,
    partition: list[str | None] | None = None,
) -> Revision:
    """Make a revision: the classes of each item's boxes, or its value."""
    count = len(labels)
    ids = [f"{number * 2654435761 % 2**64:016x}" for number in range(count)]
    has: dict[str, Any] = {
        "item_id": ids,
        "path": paths or [f"photos/picture {number}.jpg" for number in range(count)],
        "content_hash": [content(number) for number in contents or range(count)],
        "width": [100 + number for number in range(count)],
        "height": [80] * count,
        "exif_orientation": [1] * count,
        "partition": partition or [None] * count,
        "further_images": [None] * count,
    }
    items = pa.table({**{one.name: pa.array(has[one.name], one.type) for one in ITEM_SCHEMA}})
    for name, cells in (columns or {}).items():
        items = items.append_column(name, pa.array(cells))
    said = [(ids[row], "box", one, None) for row, own in enumerate(labels) for one in own]
    if values is not None:
        said = [(one, "value", None, value) for one, value in zip(ids, values, strict=True)]
    known: dict[str, Any] = {
        "item_id": [one[0] for one in said],
        "kind": [one[1] for one in said],
        "class_index": [one[2] for one in said],
        "value": [one[3] for one in said],
        "name": ["weight" if one[1] == "value" else None for one in said],
    }
    annotations = pa.table(
        {
            one.name: pa.array(known[one.name], one.type)
            if one.name in known
            else pa.nulls(len(said), one.type)
            for one in ANNOTATION_SCHEMA
        }
    )
    classes = 1 + max((one for own in labels for one in own), default=-1)
    return Revision(
        root=Path("/photos"),
        format="coco",
        task="detection",
        classes=tuple(ClassRecord(index, f"class {index}") for index in range(classes)),
        target_names=() if values is None else ("weight",),
        items=items,
        annotations=annotations,
    )


def made(of: Revision, near: NearDuplicates | None = NONE_NEAR, **plan: Any) -> Division:
    """Make the only division of a plan."""
    (division,) = divide(of, SplitPlan(**plan), near=near)
    return division


def part_of_each(of: Revision, division: Division) -> list[str | None]:
    return [division.parts.get(one) for one in of.item_ids]


def counts(division: Division) -> tuple[int, ...]:
    counted = Counter(division.parts.values())
    return tuple(counted[part] for part in PARTS)


labels_of_items = st.lists(
    st.lists(st.integers(0, 5), max_size=3, unique=True).map(tuple), min_size=30, max_size=200
)


# Properties


@settings(deadline=None, max_examples=60)
@given(
    labels=labels_of_items,
    seed=st.integers(0, 2**32),
    groups=st.integers(10, 60),
    stratify=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_whatever_the_plan_each_item_is_in_one_part_and_groups_are_whole(
    labels: list[tuple[int, ...]], seed: int, groups: int, stratify: bool, order: Any
) -> None:
    group = [f"g{number * 7919 % groups}" for number in range(len(labels))]
    of = revision(labels, columns={"group": group})
    plan = {"seed": seed, "stratify": stratify and any(labels), "group_by": ("group",)}
    division = made(of, **plan)
    assert set(division.parts) == set(of.item_ids)
    assert division.report.leaks == ()
    of_group = defaultdict(set)
    for name, part in zip(group, part_of_each(of, division), strict=True):
        of_group[name].add(part)
    assert all(len(parts) == 1 for parts in of_group.values())
    largest = max(Counter(group).values())
    for count, share in zip(counts(division), (70, 10, 20), strict=True):
        assert count > 0
        assert count - len(labels) * share / 100 < largest + 1

    shuffled = list(range(len(labels)))
    order.shuffle(shuffled)
    turned = Revision(**{**vars(of), "items": of.items.take(shuffled)})
    assert made(turned, **plan).parts == division.parts


@settings(deadline=None, max_examples=40)
@given(labels=labels_of_items, seed=st.integers(0, 2**32))
def test_strata_are_near_the_shares(labels: list[tuple[int, ...]], seed: int) -> None:
    """Each class of n items has about 0.7 n, 0.1 n and 0.2 n of them in the parts."""
    if not any(labels):
        return
    division = made(revision(labels), stratify=True, seed=seed)
    for part, share in zip(PARTS, (0.7, 0.1, 0.2), strict=True):
        for name, found in division.class_counts[part].items():
            total = sum(division.class_counts[one][name] for one in PARTS)
            assert abs(found - share * total) <= 3 + 0.1 * total, (part, name)


# Stratified


def test_a_rare_class_gets_its_share_in_every_part() -> None:
    """Of 20 items with the rare class 14, 2 and 4; by chance alone parts go without it."""
    labels: list[tuple[int, ...]] = [(0, 1) if number % 50 == 0 else (0,) for number in range(1000)]
    division = made(revision(labels), stratify=True)
    assert [division.class_counts[part]["class 1"] for part in PARTS] == [14, 2, 4]
    assert counts(division) == (700, 100, 200)
    assert max(division.report.largest_distance.values()) < 0.01
    assert division.strategy == "stratified"


def test_large_groups_are_exchanged_until_their_strata_fit() -> None:
    # Placed one by one, the largest first, a group of 50 fills the smallest part with one class.
    groups = {"a": (50, 40, 30, 30, 26, 22, 16, 14, 8), "b": (16, 16, 14, 10, 10, 8, 8, 8)}
    sizes = np.array([size for name in groups for size in groups[name]])
    strata = csr_array(
        np.array([[size, 0] for size in groups["a"]] + [[0, size] for size in groups["b"]])
    )
    units = Units(sizes, [str(number) for number in range(len(sizes))])
    shares = {"train": 70.0, "validation": 10.0, "test": 20.0}
    for seed in range(5):
        parts = draw_stratified(units, strata, shares, seed)
        found = np.array([strata[parts == part].sum(axis=0) for part in range(3)])
        wanted = np.outer([0.7, 0.1, 0.2], strata.sum(axis=0))
        assert np.abs(found - wanted).max() <= 6


def test_a_draw_that_is_far_from_the_whole_says_what_brings_it_nearer() -> None:
    labels: list[tuple[int, ...]] = [(number // 10 % 2,) for number in range(80)]
    blocks = {"block": [str(number // 10) for number in range(80)]}
    plan = {"train": 50, "validation": 25, "test": 25, "group_by": ("block",), "seed": 3}
    of = revision(labels, columns=blocks)
    assert any("in the whole: --stratify" in note for note in made(of, **plan).report.notes)
    notes = made(of, **plan, stratify=True).report.notes
    assert not any("--stratify" in note for note in notes)


def test_values_are_stratified_by_their_ranges() -> None:
    values = [float(number) for number in range(500)]
    division = made(revision([()] * 500, values=values), stratify=True)
    by_range = division.report.ranges["validation"]
    assert len(by_range) == 10
    assert list(by_range.values()) == [5] * 10  # of 50 in each range
    assert division.class_counts == {}


def test_columns_can_be_strata() -> None:
    camera = ["new" if number % 10 == 0 else "old" for number in range(300)]
    of = revision([()] * 300, columns={"camera": camera})
    division = made(of, stratify_by=("camera",))
    pairs = Counter(zip(camera, part_of_each(of, division), strict=True))
    assert [pairs["new", part] for part in PARTS] == [21, 3, 6]
    with pytest.raises(InvalidError, match="no classes and no values whose shares"):
        made(of, stratify=True)
    with pytest.raises(InvalidError, match="300 different values for 300 items"):
        made(
            revision([()] * 300, columns={"id": [str(number) for number in range(300)]}),
            stratify_by=("id",),
        )


# Folds


@pytest.mark.parametrize("stratify", [False, True])
def test_each_item_is_in_the_validation_part_of_one_fold(stratify: bool) -> None:
    of = revision([(number % 3,) for number in range(100)])
    folds = divide(of, SplitPlan(folds=4, stratify=stratify), near=NONE_NEAR)
    assert [one.fold for one in folds] == [1, 2, 3, 4]
    tests = [{one for one, part in fold.parts.items() if part == "test"} for fold in folds]
    assert all(one == tests[0] for one in tests)
    assert len(tests[0]) == 20
    times = Counter(
        one for fold in folds for one, part in fold.parts.items() if part == "validation"
    )
    assert set(times) == set(of.item_ids) - tests[0]
    assert set(times.values()) == {1}
    assert [counts(fold) for fold in folds] == [(60, 20, 20)] * 4


# Given to parts


def in_folders(*folders: str) -> Revision:
    """Make 20 items in each folder."""
    paths = [f"{folder}/{number}.jpg" for folder in folders for number in range(20)]
    return revision([(number % 2,) for number in range(len(paths))], paths=paths)


def test_a_folder_a_condition_or_a_list_is_given_to_a_part(tmp_path: Path) -> None:
    of = in_folders("a", "b", "c")
    division = made(of, give=("test=b/",))
    assert counts(division) == (35, 5, 20)  # 40 · 70/80 and 40 · 10/80
    assert set(part_of_each(of, division)[20:40]) == {"test"}

    listed = tmp_path / "held back.txt"
    listed.write_text("a/0.jpg\na/1.jpg\nnowhere.jpg\n")
    division = made(of, give=(f"test=@{listed}", "validation=folder=c and class='class 1'"))
    assert counts(division) == (48, 10, 2)
    assert "1 name is not in the dataset: nowhere.jpg" in division.report.notes[0]


def test_a_sample_of_a_folder_leaves_the_rest_out() -> None:
    of = in_folders("a", "b", "c")
    division = made(of, give=("test=50% of b/",))
    assert counts(division) == (35, 5, 10)
    assert division.report.left_out == 10
    assert set(part_of_each(of, division)[20:40]) == {"test", None}


def test_the_parts_that_the_files_came_in_are_kept() -> None:
    partition = [("train2017", "val", "test", None)[number % 4] for number in range(80)]
    of = revision([()] * 80, partition=partition)
    division = made(of, own_partitions=True)
    parts = part_of_each(of, division)
    assert parts[0::4] == ["train"] * 20
    assert parts[1::4] == ["validation"] * 20
    assert parts[2::4] == ["test"] * 20
    assert division.report.left_out == 20  # each part has been given what it gets
    by_folder = in_folders("train", "val/x", "test")
    assert counts(made(by_folder, own_partitions=True)) == (20, 20, 20)
    with pytest.raises(InvalidError, match="the files came in no parts"):
        made(in_folders("a", "b"), own_partitions=True)


@pytest.mark.parametrize(
    ("column", "cells", "expected", "told"),
    [
        ("split", ["0", "1", "2", "2"], (20, 20, 40), "0 is read as train, 1 is read as valid"),
        ("partition", ["0", "1", "2", "0"], (40, 20, 20), "2 is read as test"),
        ("is_training_image", ["0", "1", "0", "1"], None, "0 is read as test, 1 is read as train"),
    ],
)
def test_parts_that_came_as_numbers_are_read_as_those_of_a_list(
    column: str, cells: list[str], expected: tuple[int, int, int] | None, told: str
) -> None:
    numbers = [cells[number % 4] for number in range(80)]
    of = (
        revision([()] * 80, partition=numbers)
        if column == "partition"
        else revision([()] * 80, columns={column: numbers})
    )
    division = made(of, own_partitions=True)
    assert any(f"the column {column}: " in note and told in note for note in division.report.notes)
    if expected:
        assert counts(division) == expected
    else:
        assert part_of_each(of, division)[0::2] == ["test"] * 40


def test_parts_that_came_as_numbers_of_which_nothing_says_which_is_which_are_refused() -> None:
    numbers = [str(number % 2) for number in range(80)]
    with pytest.raises(InvalidError, match="numbers tell parts only where 0, 1 and 2 occur"):
        made(revision([()] * 80, columns={"part": numbers}), own_partitions=True)


def test_a_validation_part_is_drawn_of_train_where_the_files_have_none() -> None:
    division = made(in_folders("train", "test"), own_partitions=True)
    train, validation, test = counts(division)
    assert train + validation == test
    assert validation > 0
    assert "none came in validation: a share of train is drawn for it" in division.report.notes


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ({"give": ("b/",)}, "gives nothing to a part"),
        ({"give": ("holdout=b/",)}, "gives nothing to a part"),
        ({"give": ("test=d/",)}, "is about no item"),
        ({"give": ("test=0% of b/",)}, "gives no share above 0"),
        ({"give": ("test=b/", "train=class='class 0'")}, "are given to train and to another"),
        ({"give": ("test=b/",), "own_partitions": True}, "choose one"),
        ({"folds": 3, "give": ("train=a/",)}, "only the test part can be given"),
        ({"give": ("train=a/", "test=b/", "test=c/")}, "the part validation is left empty"),
        ({"where": "width>1000"}, "no item of the dataset for which width>1000 holds"),
        ({"group_pattern": "("}, "cannot be used"),
        ({"group_pattern": "a+"}, "0 groups in parentheses"),
        ({"group_pattern": "^(x)"}, "60 file names do not fit"),
    ],
)
def test_plans_that_cannot_be_followed_are_refused(plan: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        divide(in_folders("a", "b", "c"), SplitPlan(**plan), near=NONE_NEAR)


# What belongs together, and leaks


def test_near_duplicates_stay_together_through_others() -> None:
    of = revision([()] * 100)
    pairs = tuple((content(number), content(number + 50)) for number in range(50))
    division = made(of, NearDuplicates(pairs))
    parts = part_of_each(of, division)
    assert parts[:50] == parts[50:]
    assert division.strategy == "random, grouped by near-duplicates"
    assert division.report.leaks == ()
    assert "near duplicate" in division.report.checked


def test_a_split_before_the_images_were_compared_says_so() -> None:
    division = made(revision([()] * 50), None)
    assert (
        "grouping by near-duplicates is off: the images have not been" in division.report.notes[0]
    )
    assert "near duplicate" not in division.report.checked


def test_a_large_group_is_used_with_consent_only() -> None:
    of = revision([()] * 100)
    near = NearDuplicates((tuple(content(number) for number in range(30)),))
    division = made(of, near)
    assert division.large_groups == (tuple(f"photos/picture {number}.jpg" for number in range(30)),)
    assert "30 of 100 items (30 %)" in division.report.notes[0]
    assert "--large-groups" in division.report.notes[0]
    (leak,) = division.report.leaks  # it is not kept together, and that is shown
    assert (leak.kind, leak.groups) == ("near duplicate", 1)

    division = made(of, near, large_groups=True)
    assert len(set(part_of_each(of, division)[:30])) == 1
    assert division.report.leaks == ()
    assert division.large_groups == ()


def test_what_divides_a_group_is_refused_or_shown(tmp_path: Path) -> None:
    of = revision([()] * 20, contents=[0, 0, *range(2, 20)])
    listed = tmp_path / "parts.csv"
    parts = ["train", "test", *["train", "validation"] * 9]
    rows = [f"picture {number}.jpg,{part}" for number, part in enumerate(parts)]
    listed.write_text("\n".join(rows))
    with pytest.raises(InvalidError, match=r"for 1 group: photos/picture 0.jpg with"):
        made(of, from_file=str(listed))
    division = made(of, from_file=str(listed), allow_leaks=True)
    (leak,) = division.report.leaks
    assert leak.sentence == (
        "train and test share images with the same content (1 group), such as "
        "photos/picture 0.jpg (train) and photos/picture 1.jpg (test)"
    )


def test_open_items_follow_their_group_into_the_part_that_was_given() -> None:
    of = in_folders("a", "b", "c")
    near = NearDuplicates(((content(0), content(20)),))  # a/0.jpg and b/0.jpg
    parts = part_of_each(of, made(of, near, give=("test=b/",)))
    assert parts[0] == "test"


def test_near_duplicates_that_are_divided_as_asked_are_shown() -> None:
    of = revision([()] * 100)
    pairs = tuple((content(number), content(number + 50)) for number in range(50))
    division = made(of, NearDuplicates(pairs), near_duplicates=False)
    assert "off, as asked" in division.report.notes[0]
    (leak,) = division.report.leaks
    assert leak.kind == "near duplicate"
    assert leak.groups > 10


# Series of file names


def series_of(names: list[str], classes: list[int] | None = None) -> dict[str, int] | None:
    """Return the number of each name's series."""
    paths = pa.chunked_array([pa.array(names)])
    of_item = np.array(classes or [-1] * len(names))
    found = find_name_series(paths, lambda: of_item, largest=20)
    return None if found is None else dict(zip(names, found.of_item.tolist(), strict=True))


def test_series_of_views_are_recognised_whatever_their_case() -> None:
    names = [
        f"{food}{number:03}{view}({shot}).jpg"
        for food in ("apple", "Egg")
        for number in range(6)
        for view in "ST"
        for shot in range(1, 5)
    ]
    found = series_of([*names[:-1], names[-1].replace("T(", "t(")])
    assert found is not None
    assert len(set(found.values())) == 12
    assert len({found[name] for name in names if name.startswith("apple003")}) == 1


@pytest.mark.parametrize(
    "names",
    [
        [f"{number:012d}.jpg" for number in range(100)],
        [f"IMG_{number:04d}.jpg" for number in range(100)],
        [f"IMG_20240101_{number * 7919 % 86400:06d}.jpg" for number in range(100)],
        [f"BloodImage_{number:05d}.jpg" for number in range(100)],
        [f"{number % 10}/{number % 10}_{number}.jpg" for number in range(100)],
        [
            f"{number * 2654435761 % 2**32:08x}-{number * 40503 % 65536:04x}.jpg"
            for number in range(100)
        ],
        [f"frame1_{number}.jpg" for number in range(100)],
    ],
    ids=["numbers", "camera", "time", "blood", "class", "random", "one"],
)
def test_names_that_are_no_series(names: list[str]) -> None:
    assert series_of(names) is None


def test_series_that_are_too_large_are_reported_and_not_used() -> None:
    names = [f"video{film}_frame{shot:03}.jpg" for film in range(8) for shot in range(50)]
    of = revision([()] * 400, paths=names)
    division = made(of)
    assert division.strategy == "random"
    (note,) = division.report.notes
    assert "look like 8 series" in note
    assert "the largest has 50 of 400 items (12 %)" in note
    assert "--group-pattern" in note
    pattern = made(of, group_pattern=r"^(video\d+)")
    assert pattern.strategy == "random, grouped by a file-name pattern"


# Conditions


FIELDS = ItemFields(
    revision(
        [(0,), (1,), (0, 1), ()],
        paths=["a/x.jpg", "a/b/y.jpg", "c/z.jpg", "ab/w.jpg"],
        columns={"site": ["north", "and", "south", ""], "volume (ml)": ["1.5", "20", "", "3"]},
    ),
    statuses={f"{2654435761 % 2**64:016x}": "IN PROGRESS"},
    tags={f"{0:016x}": ("blurred",)},
)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("class='class 0'", [0, 2]),
        ("class!='class 0'", [1, 3]),
        ("class='class 0' and class='class 1'", [2]),
        ("not class='class 0' and not class='class 1'", [3]),
        ("folder=a", [0, 1]),
        ("folder!=a/", [2, 3]),
        ("tag=blurred", [0]),
        ('status="IN PROGRESS" or width>=103', [1, 3]),
        ("status=new", [0, 2, 3]),
        ("width>100 and (width<103 or objects=0)", [1, 2, 3]),
        ("objects == 2", [2]),
        ("site='and'", [1]),
        ("site=and", [1]),
        ('"volume (ml)">=3', [1, 3]),
        ("site!=north", [1, 2, 3]),
        (r"path~'^a.*[xw]\.jpg$'", [0, 3]),
        ("NOT NOT width=100", [0]),
    ],
)
def test_conditions_choose_items(condition: str, held: list[int]) -> None:
    assert np.flatnonzero(items_that(condition, FIELDS)).tolist() == held


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ("widht>3", r"no field named 'widht'\. Did you mean width"),
        ("class=clas", r"no class named 'clas'\. Did you mean class"),
        ("status=DOEN", r"no status named 'DOEN'\. Did you mean DONE"),
        ("width>wide", "compared with a number, not 'wide'"),
        ("site>3", "holds texts"),
        ("class>'class 0'", "by = and != only"),
        ("width~3", "looks into texts"),
        ("path~'('", "refused"),
        ("width>3 and", "a field, a sign and a value were expected"),
        ("(width>3", "bracket is not closed"),
        ("width>3)", "where its end was expected"),
        ("width", "a field, a sign and a value"),
        ("'width>3", "is unclear"),
        ("width>3 " + "or width>3 " * 200, "too long"),
        ("__import__('os')", "no field named '__import__'"),
    ],
)
def test_conditions_that_say_nothing_are_refused(condition: str, complaint: str) -> None:
    with pytest.raises((InvalidError, NotFoundError), match=complaint):
        items_that(condition, FIELDS)


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("width class=!<>~()'\"and or not 0 %*\\[{")))
def test_no_condition_ends_in_a_traceback(condition: str) -> None:
    with suppress(InvalidError, NotFoundError):
        assert len(items_that(condition, FIELDS)) == 4


# Real photographs


def near_duplicates(of: Revision, folder: Path) -> NearDuplicates:
    images = zip(of.items["content_hash"].to_pylist(), of.items["path"].to_pylist(), strict=True)
    return NearDuplicateFinder(folder).find({one: of.root / path for one, path in images})


@pytest.mark.slow
def test_ecustfd_by_default_has_no_food_in_two_parts(real_data: Path, tmp_path: Path) -> None:
    options = ReadOptions(target_columns=("weight_g",))
    of, _ = import_dataset(real_data / "ecustfd", task="regression", options=options)
    near = near_duplicates(of, tmp_path)
    folds = divide(of, SplitPlan(folds=3), near=near)
    for division in [made(of, near), made(of, near, stratify=True), *folds]:
        parts = defaultdict(set)
        for path, part in zip(
            of.items["path"].to_pylist(), part_of_each(of, division), strict=True
        ):
            match = re.match(r"[a-z]+\d+", Path(path).name)
            assert match is not None
            parts[match.group()].add(part)
        assert len(parts) == 49
        assert all(len(one) == 1 for one in parts.values())
        assert division.report.leaks == ()
    division = made(of, near)
    assert "look like 49 series" in division.report.notes[0]
    assert all(
        abs(found - 668 * share) < 10
        for found, share in zip(counts(division), (0.7, 0.1, 0.2), strict=True)
    )
    assert made(of, near, series=False).strategy == "random, grouped by near-duplicates"


@pytest.mark.parametrize("folder", ["signdigits", "bccd", "nuts", "coco128/semantic_segmentation"])
def test_other_names_are_no_series(real_data: Path, folder: str) -> None:
    of, _ = import_dataset(real_data / folder, options=ReadOptions(drop_faulty=True), inspect=False)
    division = made(of, None)
    assert division.strategy == "random"


def test_signdigits_keeps_the_shares_of_its_classes(real_data: Path) -> None:
    of, _ = import_dataset(real_data / "signdigits", inspect=False)
    division = made(of, None, stratify=True)
    assert counts(division) == (1444, 206, 412)
    assert max(division.report.largest_distance.values()) < 0.5
    for part, share in zip(PARTS, (0.7, 0.1, 0.2), strict=True):
        for name, total in of.class_counts().items():
            assert abs(division.class_counts[part][name] - share * total) <= 1


def test_ecustfd_keeps_the_shares_of_its_boxes_though_its_foods_are_large_groups(
    real_data: Path,
) -> None:
    of, _ = import_dataset(real_data / "ecustfd", task="detection", inspect=False)
    division = made(of, stratify=True)
    assert "series of file names" in division.strategy
    assert max(division.report.largest_distance.values()) < 5
