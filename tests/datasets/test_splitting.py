"""Splits: every item once, groups whole, seeded, whatever the order of the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_playground.core.errors import InvalidError, NotFoundError, PlaygroundError
from model_playground.core.records import PARTS, Part, SplitPlan
from model_playground.datasets.records import ANNOTATION_SCHEMA, ITEM_SCHEMA, Revision
from model_playground.datasets.splits.division import divide
from model_playground.datasets.splits.lists import listed_items, listed_parts


def items_table(count: int, groups: list[str] | None = None) -> pa.Table:
    """Make an items table: ids and paths, and a column to group by."""
    table = pa.table(
        {
            "item_id": [f"{number:016x}" for number in range(count)],
            "path": [f"photos/item {number}.jpg" for number in range(count)],
            "content_hash": [f"{number:064x}" for number in range(count)],
            "width": pa.array([8] * count, pa.int32()),
            "height": pa.array([6] * count, pa.int32()),
            "exif_orientation": pa.array([1] * count, pa.int8()),
            "partition": pa.nulls(count, pa.string()),
            "further_images": pa.nulls(count, ITEM_SCHEMA.field("further_images").type),
            "batch": groups or [f"batch {number // 3}" for number in range(count)],
        }
    )
    assert table.column_names[: len(ITEM_SCHEMA)] == ITEM_SCHEMA.names
    return table


def revision(items: pa.Table, annotations: pa.Table | None = None, **changes: Any) -> Revision:
    """Make a revision of some items."""
    fields: dict[str, Any] = {
        "root": Path("/photos"),
        "format": "csv",
        "task": "classification",
        "classes": (),
        "target_names": (),
        "items": items,
        "annotations": ANNOTATION_SCHEMA.empty_table() if annotations is None else annotations,
    }
    return Revision(**(fields | changes))


def split_items(items: pa.Table, **plan: Any) -> dict[str, Part]:
    """Split some items and return their parts."""
    (division,) = divide(revision(items), SplitPlan(**plan))
    return division.parts


def counts(parts: dict[str, Part]) -> dict[Part, int]:
    """Return how many items each part has."""
    counted = Counter(parts.values())
    return {part: counted[part] for part in PARTS}


def split_or_refusal(
    table: pa.Table, *, shares: dict[Part, float], seed: int, group_by: str | None = None
) -> dict[str, Part] | InvalidError:
    """Split, or return why that is refused."""
    groups = () if group_by is None else (group_by,)
    try:
        return split_items(table, **shares, seed=seed, group_by=groups)
    except InvalidError as refused:
        return refused


@st.composite
def shares(draw: st.DrawFn) -> dict[Part, float]:
    """Shares that add up to 100, of which only that of test may be 0."""
    train = draw(st.integers(1, 98))
    validation = draw(st.integers(1, 99 - train))
    return {"train": train, "validation": validation, "test": 100 - train - validation}


# Drawing


@settings(deadline=None)
@given(count=st.integers(1, 300), shares=shares(), seed=st.integers(0, 2**32))
def test_every_item_is_in_one_part_and_the_shares_are_met(
    count: int, shares: dict[Part, float], seed: int
) -> None:
    table = items_table(count)
    quotas = {part: count * share / 100 for part, share in shares.items()}
    parts = split_or_refusal(table, shares=shares, seed=seed)
    if isinstance(parts, InvalidError):
        assert parts.code == "split.empty_part"
        assert any(0 < quota < 1 for quota in quotas.values())
        return
    assert sorted(parts) == sorted(table["item_id"].to_pylist())
    assert set(parts.values()) <= set(PARTS)
    for part, quota in quotas.items():
        assert abs(counts(parts)[part] - quota) < 1
        assert (counts(parts)[part] > 0) == (shares[part] > 0)


@settings(deadline=None)
@given(
    groups=st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=200),
    shares=shares(),
    seed=st.integers(0, 2**32),
)
def test_groups_stay_whole_and_the_shares_are_nearly_met(
    groups: list[str], shares: dict[Part, float], seed: int
) -> None:
    table = items_table(len(groups), groups)
    quotas = {part: len(groups) * share / 100 for part, share in shares.items()}
    parts = split_or_refusal(table, shares=shares, seed=seed, group_by="batch")
    if isinstance(parts, InvalidError):
        assert parts.code in ("split.empty_part", "split.too_few_groups")
        assert len(set(groups)) < 3 or any(0 < quota < 1 for quota in quotas.values())
        return
    of_group = defaultdict(set)
    for item_id, group in zip(table["item_id"].to_pylist(), groups, strict=True):
        of_group[group].add(parts[item_id])
    assert all(len(one) == 1 for one in of_group.values())
    largest = max(Counter(groups).values())
    for part, quota in quotas.items():
        assert counts(parts)[part] - quota < largest + 1
        assert (counts(parts)[part] > 0) == (shares[part] > 0)


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([(), ("batch",)]))
def test_the_order_of_the_rows_does_not_matter(random: object, groups: tuple[str, ...]) -> None:
    table = items_table(60)
    order = list(range(60))
    random.shuffle(order)  # type: ignore[attr-defined]
    before = split_items(table, seed=3, group_by=groups)
    assert split_items(table.take(order), seed=3, group_by=groups) == before


@pytest.mark.parametrize("groups", [(), ("batch",)])
def test_the_seed_decides(groups: tuple[str, ...]) -> None:
    table = items_table(60)
    splits = [split_items(table, seed=seed, group_by=groups) for seed in (0, 0, 1, 2)]
    assert splits[0] == splits[1]
    assert len({tuple(sorted(split.items())) for split in splits}) == 3


def test_a_split_never_changes() -> None:
    """A seed that is written down must give the same split in every version."""
    parts = split_items(items_table(10), seed=0)
    assert counts(parts) == {"train": 7, "validation": 1, "test": 2}
    assert [item_id[-1] for item_id in sorted(parts) if parts[item_id] != "train"] == [
        "1",
        "5",
        "8",
    ]


def test_parts_do_not_follow_the_order_of_the_items() -> None:
    """Of many seeds each item is in test about one time in five: 200 · 0.2 = 40."""
    table = items_table(20)
    times: Counter[str] = Counter()
    for seed in range(200):
        parts = split_items(table, seed=seed)
        times.update(item_id for item_id, part in parts.items() if part == "test")
    assert min(times.values()) > 18
    assert max(times.values()) < 65


def test_a_giant_group_goes_where_it_fits() -> None:
    groups = ["giant"] * 60 + [f"small {number}" for number in range(40)]
    for seed in range(10):
        parts = split_items(items_table(100, groups), seed=seed, group_by=("batch",))
        assert counts(parts) == {"train": 70, "validation": 10, "test": 20}


def test_images_with_the_same_content_are_kept_together() -> None:
    table = items_table(194)
    contents = pa.array([f"{number % 97:064x}" for number in range(194)])
    table = table.set_column(2, "content_hash", contents)
    parts = split_items(table)
    for number in range(97):
        assert parts[f"{number:016x}"] == parts[f"{number + 97:016x}"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"train": 70, "test": 20, "validation": 20}, "add up to 110"),
        ({"train": 50}, "add up to 80"),
        ({"train": 120, "test": -30, "validation": 10}, "none below 0"),
        ({"train": float("nan"), "test": 20, "validation": 10}, "add up to nan"),
        ({"train": 80, "test": 20, "validation": 0}, "the part validation has no share"),
        ({"train": 0, "test": 50, "validation": 50}, "the part train has no share"),
    ],
)
def test_shares_that_make_no_split_are_refused(given: dict[Part, float], complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        split_items(items_table(100), **given)


def test_shares_with_decimals_add_up() -> None:
    thirds: dict[Part, float] = {"train": 100 / 3, "test": 100 / 3, "validation": 100 / 3}
    assert counts(split_items(items_table(9), **thirds)) == dict.fromkeys(PARTS, 3)


def test_too_few_items_or_groups_are_refused_with_their_number() -> None:
    with pytest.raises(InvalidError, match="the part validation would be empty: 10 % of 4 items"):
        split_items(items_table(4))
    with pytest.raises(InvalidError, match="2 groups cannot fill 3 parts"):
        split_items(items_table(100, ["a"] * 50 + ["b"] * 50), group_by=("batch",))


def test_a_column_to_group_by_must_exist_and_be_filled() -> None:
    with pytest.raises(NotFoundError, match=r"'bach'\. Did you mean batch"):
        split_items(items_table(20), group_by=("bach",))
    with pytest.raises(InvalidError, match="2 items have nothing in the column batch"):
        split_items(items_table(20, ["", ""] + ["a"] * 18), group_by=("batch",))


# Lists


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def listed_split(path: Path, table: pa.Table, **plan: Any) -> list[Part]:
    """Split by a list and return the parts in the order of the items."""
    parts = split_items(table, from_file=str(path), **plan)
    return [parts[item_id] for item_id in table["item_id"].to_pylist()]


FOUR: list[Part] = ["train", "train", "validation", "test"]


@pytest.mark.parametrize(
    "text",
    [
        "item,part\nphotos/item 0.jpg,train\nitem 1.jpg,train\nitem 2,val\n{3},test\n",
        "part;file\nTraining;item 0\nTRAIN;item 1\nvalid;item 2\ntest;item 3\n",
        "item 0\ttrain\nitem 1\ttrain\nitem 2\tvalidation\nitem 3\ttesting\n",
        "item 0 train\nphotos/item 1 train\nitem 2 val\r\nitem 3.jpg test\n",
        "image part\nitem 0 train\nitem 1 train\nitem 2 val\nitem 3 test\n",
        "item 0.jpg 0\nitem 1.jpg 0\nitem 2.jpg 1\nitem 3.jpg 2\n",  # CelebA
        "image_id,partition\nitem 0.jpg,0\nitem 1.jpg,0\nitem 2.jpg,1\nitem 3.jpg,2\n",
        "id,file,split\n7,item 0,train\n8,item 1,train\n9,item 2,val\n1,item 3,test\n",
    ],
)
def test_a_list_may_name_items_and_parts_in_many_ways(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "parts.csv", text.replace("{3}", f"{3:016x}"))
    assert listed_split(path, items_table(4)) == FOUR


def test_a_folder_of_lists_is_a_list(tmp_path: Path) -> None:
    write(tmp_path / "train.txt", "item 0\nitem 1\n")
    write(tmp_path / "val.txt", "item 2\n")
    write(tmp_path / "trainval.txt", "item 0\nitem 1\nitem 2\n")
    write(tmp_path / "test.txt", "item 3\n\n")
    write(tmp_path / "notes.txt", "item 4\n")
    assert listed_split(tmp_path, items_table(4)) == FOUR
    with pytest.raises(InvalidError, match="holds no list named"):
        listed_parts(write(tmp_path / "empty/x.txt", "").parent, items_table(4))


def test_lists_may_be_called_more_than_a_part_and_leave_out_suffixes(tmp_path: Path) -> None:
    """As NIH calls its lists, and as Food-101 names its images."""
    write(tmp_path / "train_val_list.txt", "photos/item 0\nitem 1.jpg\nphotos/item 2\n")
    write(tmp_path / "test_list.txt", "photos/item 3\n")
    write(tmp_path / "notes_list.txt", "photos/item 3\n")
    listed, _ = listed_parts(tmp_path, items_table(4))
    assert list(listed.values()) == ["test", "trainval", "trainval", "trainval"]


def test_validation_is_drawn_where_a_list_has_train_and_test_alone(tmp_path: Path) -> None:
    rows = [f"item {number},{'train' if number < 80 else 'test'}" for number in range(100)]
    parts = split_items(
        items_table(100), from_file=str(write(tmp_path / "parts.csv", "\n".join(rows)))
    )
    assert counts(parts) == {"train": 70, "validation": 10, "test": 20}


def test_numbers_of_images_and_whether_they_are_for_training_are_read(tmp_path: Path) -> None:
    """As CUB has them: two lists beside each other, in which 1 is training."""
    write(tmp_path / "images.txt", "1 photos/item 0.jpg\n2 photos/item 1.jpg\n3 item 2.jpg\n")
    path = write(tmp_path / "train_test_split.txt", "1 1\n2 0\n3 1\n")
    listed, (found,) = listed_parts(path, items_table(3))
    assert list(listed.values()) == ["train", "test", "train"]
    assert (found.kind, found.message) == (
        "part_numbers",
        "train_test_split.txt: 0 is read as test, 1 is read as train",
    )
    headed = write(tmp_path / "x.csv", "img_id,is_training_image\nitem 0,1\nitem 1,0\n")
    assert list(listed_parts(headed, items_table(3))[0].values()) == ["train", "test"]


def test_trainval_is_divided_by_the_shares_of_its_parts(tmp_path: Path) -> None:
    rows = [f"item {number},{'trainval' if number < 80 else 'test'}" for number in range(100)]
    path = str(write(tmp_path / "parts.csv", "\n".join(rows)))
    parts = split_items(items_table(100), from_file=path)
    assert counts(parts) == {"train": 70, "validation": 10, "test": 20}  # 80 · 70/80, 80 · 10/80
    assert {parts[f"{number:016x}"] for number in range(80, 100)} == {"test"}
    groups = [f"batch {number // 4}" for number in range(100)]
    grouped = split_items(items_table(100, groups), from_file=path, group_by=("batch",))
    for group in range(25):
        assert len({grouped[f"{4 * group + number:016x}"] for number in range(4)}) == 1


def test_names_that_the_dataset_lacks_are_counted(tmp_path: Path) -> None:
    rows = [f"item {number},{'train' if number % 2 else 'val'}" for number in range(10)]
    listed, findings = listed_parts(write(tmp_path / "parts.csv", "\n".join(rows)), items_table(4))
    assert len(listed) == 4
    assert [(one.kind, one.severity) for one in findings] == [("unknown_item", "warning")]
    assert "6 names are not in the dataset: item 4; item 5; item 6; …" in findings[0].message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("item 0,train\nitem 1,holdout\n", "line 2 of parts.csv gives item 1 the part 'holdout'"),
        ("item 0,train\nitem 0,val\n", "line 2 of parts.csv names item 0, which was named before"),
        ("item 0,train\nitem 0.jpg,train\n", "item 0.jpg, which was named before"),
        ("other,train\nanother,val\n", "names no item of the dataset: .* other; another"),
        ("item 0\nitem 1\n", "needs a column with the item"),
        ("item 0\nitem 1\n", r"of one part alone is given by --give test=@LIST"),
        ("item 0.jpg 0\nitem 1.jpg 1\n", "by the numbers 0, 1, and nothing says which is which"),
        ("item 0.jpg,1\nitem 1.jpg,2\nitem 2.jpg,3\n", "by the numbers 1, 2, 3, and nothing"),
        ("a,b\nitem 0,item 1\n", "its columns are a, b"),
        ("", "is empty"),
    ],
)
def test_a_list_that_is_unclear_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        listed_parts(write(tmp_path / "parts.csv", text), items_table(4))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "item 0,train\nitem 1,val\nitem 2,test\n",
            "no part for 1 of the dataset's 4 items: photos/item 3",
        ),
        (
            "item 0,train\nitem 1,train\nitem 2,train\nitem 3,test\n",
            "the part validation would be empty: 12.5 % of 3 items",
        ),
        ("item 0,train\nitem 1,val\nitem 2,val\nitem 3,test\n", "for 1 group: photos/item 0"),
    ],
)
def test_a_list_that_makes_no_split_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(PlaygroundError, match=complaint):
        listed_split(write(tmp_path / "parts.csv", text), items_table(4), group_by=("batch",))


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"the list .*nowhere\.csv cannot be read"):
        listed_parts(tmp_path / "nowhere.csv", items_table(4))
    with pytest.raises(InvalidError, match=r"the list .*nowhere\.txt cannot be read"):
        listed_items(tmp_path / "nowhere.txt", items_table(4))
