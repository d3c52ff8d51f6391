"""Images, and masks whose pixels are class ids or colours."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow.compute as pc
import yaml
from numpy.typing import NDArray
from PIL import Image

from model_playground.core.contracts import IGNORED
from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.class_tables import (
    RECORD_SUFFIXES,
    ClassTable,
    is_class_table,
    read_class_table,
    read_record,
)
from model_playground.datasets.colours import are_colours, colour_name, rgb_of
from model_playground.datasets.file_names import (
    files_under,
    is_beside,
    is_image,
    located,
    normalised,
    subfolders,
)
from model_playground.datasets.findings import blocking, left_out
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Export,
    Held,
    ReadOptions,
    WritableFormat,
)
from model_playground.datasets.images import load_mask
from model_playground.datasets.part_lists import unread_part_lists
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import IGNORED_PIXEL_VALUE, OBJECT_KINDS, Revision

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "JPEGImages")
_MASK_FOLDERS = ("masks", "mask", "SegmentationClass", "labels", "annotations")
_MASK_FOLDER_ENDINGS = ("_labels", "_label", "_masks", "_mask", "annot")
_TABLE_NAMES = (
    *("classes", "config", "data", "dataset", "labels", "label_map"),
    *("labelmap", "class_dict", "label_colors", "colormap"),
)
_TABLE_SUFFIXES = (*RECORD_SUFFIXES, ".csv", ".tsv", ".txt")
_MASK_ENDINGS = tuple(
    f"{mark}{word}"
    for mark in "_-"
    for word in ("mask", "masks", "label", "labels", "seg", "segmentation", "gt", "l", "matte")
)
_IMAGE_ENDINGS = ("_image", "-image", "_img", "-img", "_sat")
_PAIRED_SHARE = 0.5  # of the images in one folder that are masks, for it to be read as such
_MASK_WORDS = re.compile(r"mask|label|seg|annot|truth|(^|[^a-z])gt", re.IGNORECASE)
_LOSSLESS = (".png", ".gif", ".bmp", ".tif", ".tiff")
_MOST_VALUES = 64  # that the pixels of a mask have; a picture has more
_CUTS = re.compile("[_.-]")  # where the ending of a name may begin
_SHOWN_VALUES = 8
_LOOKED_AT = 12  # masks of a folder, to know what values they have
_WITH_COLOURS = ("RGB", "RGBA")


@FORMATS.register
class IndexMasks(WritableFormat):
    """Images and masks, in which the value or the colour of each pixel says its class.

    An image and its mask have the same name but for the suffix and their endings, such as `_mask`
    or `-seg`, and the same size. They stand in two folders, such as `images` and `masks` or `train`
    and `train_labels`, in any two whose files are called alike, of which one is called after
    masks, labels or ground truth, or side by side in one. Folders inside them may be nested. Masks
    are PNG, TIFF, GIF or BMP. Where an image has several masks of different endings, those are read
    whose values the class table names; the others are reported.

    A class table (YAML, JSON, CSV or text) says which class each value or colour stands for; it
    stands beside the folders as `classes.yaml`, `classes.csv`, `class_dict.csv` or `labelmap.txt`,
    or is given by --class-table. Where it has colours the masks are read by colour, also those
    with a palette; else by value, which is the place in the palette. Ids need not be contiguous.
    Pixels of the value 255, or of the colour called void, belong to no class and are ignored,
    unless the table names 255; 0 is a class like any other and must be named.

    The table may also say where images and masks are:

        train: {images: ../images/train, masks: masks/train}
        val: {images: ../images/val, masks: masks/val}
        classes: {0: background, 1: road, 7: car}
    """

    name = "index_masks"
    title = "Images with index masks"
    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    contents: ClassVar[tuple[Held, ...]] = (
        Held(
            "pixel value",
            "the class that the class table gives it; ids may have gaps",
            "the same: masks are copied as they are, those drawn of outlines are written as PNG; "
            "with a `classes.yaml`",
        ),
        Held(
            "colour",
            "the class that the class table gives it (`name,r,g,b` or `name:r,g,b::`)",
            "the same, with a `classes.csv`",
        ),
        Held("pixel value 255", "ignored, unless the class table names it", "the same"),
        Held("the colours called void or ignore", "ignored", "the colour `void`"),
        Held("value or colour that the table lacks", "blocks the import, with counts of pixels"),
        Held("rare colours at smoothed edges", "ignored, reported with counts"),
        Held("folders train, val, test", "the partition", "`images/train` and alike"),
        Held("an image without a mask", "left out, reported"),
        Held("a mask without an image", "blocks the import, reported"),
        Held("further masks of an image", "not read, counted by their endings"),
        Held("lists of parts beside the folders (`test.txt`)", "not read, reported"),
    )
    options: ClassVar[tuple[str, ...]] = ("class_table",)
    by_stem: ClassVar[bool] = True

    def detect(self, path: Path) -> str | None:
        if path.is_file():
            has_folders = path.suffix.lower() in RECORD_SUFFIXES and bool(_pairs_named(path))
            return "it is a class table" if has_folders or _is_table_alone(path) else None
        pairs = _pairs(path, _class_table_beside(path)) if path.is_dir() else []
        return f"{pairs[0].masks} holds masks" if pairs else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        beside = _class_table_beside(path)
        table = options.class_table or beside
        if table is None:
            raise InvalidError(
                "class_table.missing",
                "no class table was found beside the masks of {path}: give a file that names the "
                "class of each pixel value with --class-table, such as the YAML "
                "{example}{seen}",
                path=str(path),
                example="classes: {0: background, 1: road}",
                seen=_values_seen(_pairs(path, None)),
            )
        pairs = _pairs(path, beside)
        if not pairs:
            raise InvalidError(
                "masks.no_folders",
                "{path} names no folders of images and masks, and none stand beside it",
                path=str(path),
            )
        tables = [read_class_table(table, prefer_colours=prefer) for prefer in (False, True)]
        root = path if path.is_dir() else path.parent
        matched = [_match(pair, tables, root) for pair in pairs]
        items = [item for found, _ in matched for item in found]
        if not items:
            raise InvalidError(
                "masks.none_match",
                "no image of {path} has a mask of the same name",
                path=str(path),
            )
        classes = tables[_is_in_colours(items)]
        return Draft(
            root=root,
            task="segmentation",
            items=items,
            classes=classes.classes,
            findings=[
                *(finding for _, findings in matched for finding in findings),
                *(finding for pair in pairs for finding in _other_masks(pair, root)),
                *(unread_part_lists(files_under(path)) if path.is_dir() else ()),
            ],
            image_folders=tuple(
                folder
                for pair in pairs
                for folder in (pair.images, pair.masks)
                if is_beside(folder, table.parent)
            ),
            ignored_pixel_values=classes.ignored,
        )

    def losses(self, revision: Revision) -> list[Finding]:
        is_drawn = revision.has_drawn_masks
        held = ("mask_image", "mask_pixels", *(OBJECT_KINDS if is_drawn else ()))
        found = [
            left_out("not_in_format", f"masks have no place for annotations of the kind {kind}")
            for kind in revision.annotations["kind"].unique().to_pylist()
            if kind not in held
        ]
        masks = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_image"))
        bare = revision.items.num_rows - len(set(masks["item_id"].to_pylist()))
        if is_drawn:
            count = counted(revision.object_count, "object is", "objects are")
            said = f"{count} drawn into masks: these say the class of a pixel, not its object"
            found.append(left_out("not_in_format", said))
        elif bare:
            count = counted(bare, "image has", "images have")
            said = f"{count} no mask: copied all the same, and reported when it is read"
            found.append(left_out("not_in_format", said))
        words = revision.items["partition"].drop_null().unique().to_pylist()
        other = [word for word in words if part_of(word) != word]
        if other:
            said = f"masks have no folders for the partitions {', '.join(other)}"
            found.append(left_out("not_in_format", said))
        if revision.columns:
            names = ", ".join(revision.columns)
            found.append(left_out("not_in_format", f"masks have no columns such as {names}"))
        if revision.items["further_images"].null_count < revision.items.num_rows:
            said = "masks are of one image an item, some here have several"
            found.append(left_out("not_in_format", said))
        return found

    def image_path(self, path: str, partition: str | None) -> str:
        plain = path.removeprefix("images/")
        is_there = part_of(plain.partition("/")[0]) == partition
        if partition is None or part_of(partition) != partition or is_there:
            return f"images/{plain}"
        return f"images/{partition}/{plain}"

    def write(self, export: Export) -> None:
        """Write the masks as they are, or as they are drawn, named as their images, and the class
        table.
        """
        revision = export.revision
        if revision.has_drawn_masks:
            _write_drawn(export)
        images = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
        masks = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_image"))
        for item_id, path in zip(
            masks["item_id"].to_pylist(), masks["path"].to_pylist(), strict=True
        ):
            target = _mask_file(export, images[item_id], os.path.splitext(path)[1])
            shutil.copyfile(located(revision.root, path), target)
        _write_class_table(revision, export.folder)


def _is_table_alone(path: Path) -> bool:
    """Say whether a file is a class table, and not another format's that names classes too."""
    if path.suffix.lower() not in RECORD_SUFFIXES or not is_class_table(path):
        return False
    record = read_record(path)
    return not isinstance(record, dict) or not any(
        part_of(name) and isinstance(said, str | list) for name, said in record.items()
    )


def _is_in_colours(items: Sequence[DraftItem]) -> bool:
    """Say whether the first mask that can be opened has a colour for each pixel."""
    for item in items:
        try:
            with Image.open(item.mask_path or "") as mask:
                return mask.mode in _WITH_COLOURS
        except Exception:  # what is wrong with it is reported when it is read to its end
            continue
    return False


def _mask_file(export: Export, image: str, suffix: str) -> Path:
    """Return where the mask of an image goes; its folder is made."""
    stem = os.path.splitext(export.paths[image])[0].removeprefix("images/")
    target = export.folder / f"masks/{stem}{suffix}"
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _write_drawn(export: Export) -> None:
    """Draw the masks and write them as PNG files."""
    revision = export.revision
    ids = _pixel_values(revision)
    values = np.array([*ids, IGNORED_PIXEL_VALUE])
    values = values.astype(np.uint8 if values.max() <= np.iinfo(np.uint8).max else np.uint16)
    columns = (revision.items[name].to_pylist() for name in ("item_id", "path", "width", "height"))
    areas = revision.areas(revision.item_ids)
    for item_id, path, width, height in zip(*columns, strict=True):
        if not width or not height:
            raise InvalidError(
                "export.no_size",
                "the size of {image} is not known, and its mask is as large: import the dataset "
                "again with its images",
                image=path,
            )
        classes = areas[item_id].mask((height, width))
        pixels = values[np.where(classes == IGNORED, len(ids), classes)]
        Image.fromarray(pixels).save(_mask_file(export, path, ".png"))


def _pixel_values(revision: Revision) -> list[int]:
    """Return the value of each class's pixels: its id or, of masks that are drawn and where the ids
    do not serve, its index, with 255 left out.
    """
    classes = revision.classes
    ids = [one.index if one.source_id is None else one.source_id for one in classes]
    possible = set(range(np.iinfo(np.uint16).max + 1)) - {IGNORED_PIXEL_VALUE}
    fits = len(set(ids)) == len(ids) and possible.issuperset(ids)
    if fits or not revision.has_drawn_masks:
        return ids
    return [one.index + (one.index >= IGNORED_PIXEL_VALUE) for one in classes]


def _write_class_table(revision: Revision, folder: Path) -> None:
    ids = _pixel_values(revision)
    if not are_colours(ids):
        named = {value: one.name for value, one in zip(ids, revision.classes, strict=True)}
        text = yaml.safe_dump({"classes": named}, allow_unicode=True, sort_keys=False)
        (folder / "classes.yaml").write_text(text, encoding="utf-8")
        return
    names = [(one.name, value) for value, one in zip(ids, revision.classes, strict=True)]
    names += [("void", value) for value in revision.ignored_pixel_values]
    with (folder / "classes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "r", "g", "b"])
        writer.writerows((name, *rgb_of(value)) for name, value in names)


# The class table and the folders


def class_table_of_masks(folder: Path) -> Path | None:
    """Return the class table of a folder in which masks stand beside images."""
    table = _class_table_beside(folder)
    return table if table is not None and _pairs(folder, table) else None


def _class_table_beside(path: Path) -> Path | None:
    """Return the class table that a path is, or that stands in the folder that it is."""
    if path.is_file():
        return path
    inside = subfolders(path) if path.is_dir() else []
    candidates = (
        folder / f"{name}{end}"
        for folder in (path, *(inside if len(inside) == 1 else []))  # a download may be wrapped
        for name in _TABLE_NAMES
        for end in _TABLE_SUFFIXES
    )
    return next((one for one in candidates if one.is_file()), None)


@dataclass(frozen=True)
class _Pair:
    """A folder of images and the folder of their masks, which may be the same."""

    images: Path
    masks: Path
    part: str = ""


def _pairs(path: Path, table: Path | None) -> list[_Pair]:
    """Find the folders: where the class table says, or by their names."""
    if table is not None and table.suffix.lower() in RECORD_SUFFIXES:
        named = _pairs_named(table)
        if named:
            return named
    folder = path if path.is_dir() else path.parent
    return (
        list(_pairs_in(folder)) or list(_pairs_called_alike(folder)) or list(_side_by_side(folder))
    )


def _pairs_named(table: Path) -> list[_Pair]:
    try:
        record = read_record(table)
    except InvalidError:
        return []  # reading the classes says what is wrong with it
    if not isinstance(record, dict):
        return []
    return [
        _Pair(_named_folder(table, said["images"]), _named_folder(table, said["masks"]), part)
        for name, said in [("", record), *record.items()]
        if isinstance(said, dict) and {"images", "masks"} <= said.keys()
        for part in [part_of(name) or ""]
    ]


def _named_folder(table: Path, named: object) -> Path:
    text = str(named)
    folder = Path(os.path.normpath(table.parent / text.replace("\0", "")))
    if "\0" in text or not folder.is_dir():
        raise InvalidError(
            "class_table.invalid",
            "the class table {path} is refused: it names the folder {folder}, which does not exist",
            path=str(table),
            folder=str(folder),
        )
    return folder


def _pairs_in(folder: Path) -> Iterator[_Pair]:
    """Find images and masks side by side, in the folder or in each of those inside it."""
    inside = subfolders(folder)
    by_name = {one.name: one for one in inside}
    images = next((by_name[name] for name in _IMAGE_FOLDERS if name in by_name), None)
    masks = next((by_name[name] for name in _MASK_FOLDERS if name in by_name), None)
    if images and masks:
        if _has_images(masks):
            yield _Pair(images, _innermost(masks, images))
        return
    for one in inside:
        masks = next(
            (by_name[one.name + end] for end in _MASK_FOLDER_ENDINGS if one.name + end in by_name),
            None,
        )
        if masks and _has_images(one) and _has_images(masks):
            yield _Pair(one, masks, part_of(one.name) or "")
        elif len(inside) == 1 or part_of(one.name):
            for pair in _pairs_in(one):
                yield _Pair(pair.images, pair.masks, pair.part or part_of(one.name) or "")


def _innermost(masks: Path, images: Path) -> Path:
    """Return the folder in which all masks stand: `annotations/trimaps` for `images`."""
    if any(is_image(one) and "/" not in one for one in files_under(masks)):
        return masks
    inside = [one for one in subfolders(masks) if _has_images(one)]
    if len(inside) != 1 or part_of(inside[0].name) or (images / inside[0].name).exists():
        return masks
    return inside[0]


def _pairs_called_alike(folder: Path) -> Iterator[_Pair]:
    """Find folders of any name whose files are called alike, one called after masks."""
    inside = subfolders(folder)
    for one in inside:
        if len(inside) == 1 or part_of(one.name):
            for pair in _pairs_called_alike(one):
                yield _Pair(pair.images, pair.masks, pair.part or part_of(one.name) or "")
    for masks in (one for one in inside if _MASK_WORDS.search(one.name)):
        images = next((one for one in inside if _hold_images_and_masks(one, masks)), None)
        if images:
            words = re.split(r"[_.\- ]", images.name)
            yield _Pair(images, masks, next(filter(None, map(part_of, words)), ""))


def _hold_images_and_masks(images: Path, masks: Path) -> bool:
    if _MASK_WORDS.search(images.name) or not _has_images(images):
        return False
    found = _by_stem(masks)
    _, families = _families(_by_stem(images), found)
    paired = sum(map(len, families.values()))
    first = [files[0] for family in families.values() for files in list(family.values())[:1]]
    return 0 < len(found) <= 2 * paired and any(_looks_like_mask(masks / one) for one in first)


def _looks_like_mask(path: Path) -> bool:
    """Say whether the pixels of a file have few values, and none of them was smoothed."""
    if path.suffix.lower() not in _LOSSLESS:
        return False
    try:
        with Image.open(path) as mask:
            return mask.getcolors(_MOST_VALUES) is not None
    except Exception:  # it is reported where all masks are read
        return False


def are_masked(folder: Path) -> bool:
    """Say whether the folders in a folder are of images and of their masks, and no classes."""
    if any(_pairs_called_alike(folder)):
        return True
    names = {one.name for one in subfolders(folder)}
    masks = {f"{name}{end}" for name in names for end in _MASK_FOLDER_ENDINGS} & names
    masked = {
        name for name in names if any(f"{name}{end}" in masks for end in _MASK_FOLDER_ENDINGS)
    }
    are_called_so = not names.isdisjoint(_IMAGE_FOLDERS) and not names.isdisjoint(_MASK_FOLDERS)
    return are_called_so or (bool(masks) and masks | masked == names)


def masks_among(folder: Path, files: Sequence[str]) -> list[str]:
    """Return those of some files that are masks of others: `1_mask.png` beside `1.png`.

    Args:
        folder: the dataset's.
        files: of images, relative to the folder.
    """
    stems = {os.path.splitext(file)[0] for file in files}
    found = [file for file in files if _is_mask_of_one(os.path.splitext(file)[0], stems)]
    return found if found and _looks_like_mask(folder / found[0]) else []


def _is_mask_of_one(stem: str, stems: Collection[str]) -> bool:
    cuts = [one.start() for one in _CUTS.finditer(stem)]
    return any(stem[:cut] in stems and _MASK_WORDS.search(stem[cut:]) for cut in cuts)


def _has_images(folder: Path) -> bool:
    return any(is_image(file) for file in files_under(folder))


def _side_by_side(folder: Path) -> Iterator[_Pair]:
    """Find images and masks in one folder, told apart by the endings of their names."""
    stems = {
        os.path.splitext(normalised(file))[0] for file in files_under(folder) if is_image(file)
    }
    masks = {stem for stem in stems if _without(stem, _MASK_ENDINGS) != stem}
    images = {_without(stem, _IMAGE_ENDINGS) for stem in stems - masks}
    paired = sum(_without(stem, _MASK_ENDINGS) in images for stem in masks)
    if paired and 2 * paired >= _PAIRED_SHARE * len(stems):
        yield _Pair(folder, folder)


# The items


def _match(
    pair: _Pair, tables: Sequence[ClassTable], root: Path
) -> tuple[list[DraftItem], list[Finding]]:
    """Match the images of a folder with the masks of the other by path without suffix.

    Findings name files from the root: two folders may hold files of the same names.
    """
    images, masks, findings = _images_and_masks(pair, tables, root)
    items = []
    for stem, files in images.items():
        found = masks.pop(stem, [])
        if len(files) > 1 or len(found) > 1:
            folder, alike = (pair.images, files) if len(files) > 1 else (pair.masks, found)
            several = [_from_root(folder, one, root) for one in alike]
            said = (
                f"{' and '.join(several)} have the same name but for the suffix, so one cannot "
                "tell the pairs"
            )
            findings.append(blocking("ambiguous_mask", said, file=several[0]))
        elif not found:
            image = _from_root(pair.images, files[0], root)
            said = f"{image} has no mask in {pair.masks}: it is left out"
            findings.append(left_out("image_without_mask", said, file=image))
        else:
            part = pair.part or part_of(stem.partition("/")[0]) or ""
            items.append(
                DraftItem(
                    path=os.path.join(pair.images, files[0]),
                    mask_path=os.path.join(pair.masks, found[0]),
                    partition=part or None,
                )
            )
    for files in masks.values():
        mask = _from_root(pair.masks, files[0], root)
        said = f"the mask {mask} has no image in {pair.images}"
        findings.append(blocking("mask_without_image", said, file=mask))
    return items, findings


def _other_masks(pair: _Pair, root: Path) -> Iterator[Finding]:
    """Tell of the folders beside those that are read whose files look like masks too."""
    if pair.images == pair.masks:
        return
    for folder in subfolders(pair.images.parent):
        if folder in (pair.images, pair.masks) or not _hold_images_and_masks(pair.images, folder):
            continue
        files = [one for one in files_under(folder) if is_image(one)]
        first = _from_root(folder, files[0], root)
        said = (
            f"{counted(len(files), 'mask', 'masks')} in {normalised(os.path.relpath(folder, root))}"
            f", such as {first}, are not read: those in "
            f"{normalised(os.path.relpath(pair.masks, root))} are; a class table can name the "
            "folder of the masks"
        )
        yield left_out("masks_unread", said, file=first)


def _from_root(folder: Path, file: str, root: Path) -> str:
    return normalised(os.path.relpath(folder / file, root))


Files = dict[str, list[str]]
"""Files by their path without suffix; of masks by that of their images."""


def _images_and_masks(
    pair: _Pair, tables: Sequence[ClassTable], root: Path
) -> tuple[Files, Files, list[Finding]]:
    """Return the images, and the masks by the paths of their images where the names tell them."""
    images = _by_stem(pair.images)
    if pair.images == pair.masks:
        masks = {stem: images.pop(stem) for stem in list(images) if _is_named_mask(stem)}
    else:
        masks = _by_stem(pair.masks)
    homeless, families = _families(images, masks)
    if not families:
        return images, homeless, []
    most = max(map(len, families.values()))
    # Of masks that nearly all images have, those whose values the class table names.
    ending = min(
        (one for one in families if len(families[one]) > _PAIRED_SHARE * most),
        key=lambda one: (_unnamed_share(pair.masks, families[one], tables), one),
    )
    findings = [
        left_out(
            "masks_unread",
            f"{counted(len(family), 'mask', 'masks')} ending in {other or 'nothing'}, such as "
            f"{first}, stand beside those ending in {ending or 'nothing'}, which are read",
            file=first,
        )
        for other, family in families.items()
        if other != ending
        for first in (_from_root(pair.masks, next(iter(family.values()))[0], root),)
    ]
    return images, homeless | families[ending], findings


def _families(images: Files, masks: Files) -> tuple[Files, dict[str, Files]]:
    """Return the masks that are of no image, and those of images by what their names end in."""
    ending = _common_ending(images)
    named = {stem.removesuffix(ending): stem for stem in images}
    named |= {_without(stem, _IMAGE_ENDINGS): stem for stem in images}
    named |= {stem: stem for stem in images}
    families: dict[str, Files] = defaultdict(lambda: defaultdict(list))
    homeless: Files = {}
    for stem, files in masks.items():
        cuts = [len(stem), *(one.start() for one in reversed(list(_CUTS.finditer(stem))))]
        cut = next((one for one in cuts if stem[:one] in named), None)
        if cut is None:
            homeless[stem] = files
            continue
        end = "" if stem[cut:].lower() in _MASK_ENDINGS else stem[cut:]
        families[end][named[stem[:cut]]].extend(files)
    return homeless, families


def _common_ending(stems: Collection[str]) -> str:
    """Return what all names end in from a cut on, such as `_leftImg8bit`."""
    if len(stems) < 2:
        return ""
    backwards = [stem.rpartition("/")[2][::-1] for stem in stems]
    same = takewhile(len, map(_if_alike, min(backwards), max(backwards)))
    shared = "".join(same)[::-1]
    cut = re.search("[_-]", shared)
    return shared[cut.start() :] if cut else ""


def _if_alike(one: str, other: str) -> str:
    return one if one == other else ""


def _unnamed_share(folder: Path, masks: Files, tables: Sequence[ClassTable]) -> float:
    """Return the share of the pixels of some masks that no class of the table has."""
    files = [files[0] for files in masks.values()]
    shares = []
    for file in _some(files):
        try:
            in_colours, values = _values(folder / file)
        except Exception:  # what is wrong with it is reported when it is read to its end
            continue
        table = tables[in_colours]
        named = (one.source_id for one in table.classes if one.source_id is not None)
        known = [*named, *table.ignored, IGNORED_PIXEL_VALUE]
        shares.append(float(np.isin(values, known, invert=True).mean()))
    return float(np.mean(shares)) if shares else 1.0


def _some(files: Sequence[str]) -> Sequence[str]:
    """Return files from all over a folder."""
    return files[:: -(-len(files) // _LOOKED_AT)] if files else files


def _values_seen(pairs: Sequence[_Pair]) -> str:
    """Say which values some masks have, for whoever is to write a class table."""
    seen: dict[bool, set[int]] = {False: set(), True: set()}
    for pair in pairs:
        files = [one for one in files_under(pair.masks) if is_image(one)]
        for file in _some(files):
            if pair.images == pair.masks and not _is_named_mask(os.path.splitext(file)[0]):
                continue
            try:
                in_colours, values = _values(pair.masks / file)
            except Exception:  # it is reported once there is a class table
                continue
            seen[in_colours].update(np.unique(values).tolist())
    named = [str(one) for one in sorted(seen[False])] or list(map(colour_name, sorted(seen[True])))
    if not named:
        return ""
    kind = "values" if seen[False] else "colours"
    more = ", …" if len(named) > _SHOWN_VALUES else ""
    return f". Among the {kind} in the masks are {', '.join(named[:_SHOWN_VALUES])}{more}"


def _values(path: Path) -> tuple[bool, NDArray[Any]]:
    """Return whether a mask is in colours, and its pixels so."""
    with Image.open(path) as mask:
        in_colours = mask.mode in _WITH_COLOURS
    return in_colours, load_mask(path, colours=in_colours)


def _is_named_mask(stem: str) -> bool:
    return _without(stem, _MASK_ENDINGS) != stem


def _by_stem(folder: Path) -> Files:
    """Return the images under a folder by their path without suffix."""
    files: Files = defaultdict(list)
    for file in files_under(folder):
        if is_image(file):
            files[normalised(os.path.splitext(file)[0])].append(file)
    return files


def _without(stem: str, endings: Sequence[str]) -> str:
    """Return a name without the ending that it has, if it has one."""
    small = stem.lower()
    end = next((one for one in endings if small.endswith(one)), "")
    return stem[: len(stem) - len(end)]
