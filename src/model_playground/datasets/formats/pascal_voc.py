"""Pascal VOC: an XML file for each image, lists of parts, masks with a palette."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.class_tables import ClassTable, read_class_table
from model_playground.datasets.file_names import files_under, is_image, normalised
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import DraftAnnotations
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.voc_files import (
    Images,
    image_of,
    is_annotation,
    is_of_imagenet,
    said_in,
    without_objects,
)
from model_playground.datasets.formats.voc_lists import PartLists
from model_playground.datasets.formats.voc_masks import add_objects, mask_classes, of_objects
from model_playground.datasets.formats.voc_objects import (
    ObjectReader,
    counted_from_one,
    size_wh_of,
)
from model_playground.datasets.parts import part_of, part_of_folders

_ANNOTATION_FOLDERS = ("annotations", "annotation", "xmls", "xml", "labels")
_CLASS_MASKS = "segmentationclass"
_OBJECT_MASKS = "segmentationobject"
_LISTS = "imagesets"
_LOOKED_INTO = 3  # XML files in a folder that are opened to recognise it


@FORMATS.register
class PascalVoc(Format):
    """Pascal VOC: an XML file of boxes for each image, text lists of parts, masks with a palette.

    A folder with `Annotations`, `JPEGImages` and `ImageSets`, one that holds several such folders,
    or any folder of images with XML files beside them. An XML file belongs to the image of its own
    name; what it calls the image itself is used where there is none. Numbers are read as the edges
    of a box, as the programs that draw boxes write them; in the challenge's own sets, where pixels
    are counted from 1, this is one pixel too few at the left and at the top (detectron2 takes 1
    from xmin and ymin for that; torchvision leaves them). Boxes that look like it, or like those
    of a program that wrote 1 for 0, are reported.

    Segmentation reads the masks in `SegmentationClass`; their classes are named by `labelmap.txt`
    or `class_names.txt`, else they are VOC's own. Masks that are pictures in colours, instead of
    having a palette, are read by these. Instance segmentation reads the outlines in the XML files,
    or the objects in `SegmentationObject`.
    """

    name = "pascal_voc"
    title = "Pascal VOC"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "segmentation", "instance_segmentation", "tagging"),
    )
    is_certain: ClassVar[bool] = True
    options: ClassVar[tuple[str, ...]] = ("class_table",)
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`bndbox`", "a box: xmin, ymin, xmax, ymax as they stand"),
        Held("`polygon`, `robndbox`", "an outline; a turned box becomes its four corners"),
        Held(
            "`difficult`, `truncated`, `occluded`, `pose`, `attributes`",
            "attributes of the object, where they are said; 0 and Unspecified are not kept",
        ),
        Held("`part`", "the attribute `parts`, with names and boxes"),
        Held("an object without a name, a shape, or with other than numbers", "left out, reported"),
        Held("further elements of an object, such as `actions`", "not read, counted"),
        Held("`size`", "compared with the image's own"),
        Held("`filename`", "the image, where none has the name of the XML file; no folders"),
        Held("`folder`, `path`, `source`, `owner`, `segmented`", "not read"),
        Held("`ImageSets/Main/train.txt` and alike", "the partition; names without image counted"),
        Held("lists of one class, such as `cat_train.txt`", "not read, counted"),
        Held("folders train, valid, test", "the partition"),
        Held("`SegmentationClass`", "with `--task segmentation`: the mask; 255 is ignored"),
        Held("`SegmentationObject`", "with `--task instance_segmentation`: run lengths"),
        Held("an XML file without image, or that is no XML", "blocks the import, reported"),
        Held("an image without XML file", "left out, reported"),
    )

    def detect(self, path: Path) -> str | None:
        layout = _layout(path)
        if layout.annotations:
            return f"{layout.annotations[0]} is an XML file of an image's objects"
        if layout.class_masks and layout.has_lists:
            return f"{os.path.dirname(layout.class_masks[0])} stands beside ImageSets"
        return None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        layout = _layout(path)
        if not layout.annotations and not layout.class_masks:
            raise InvalidError(
                "voc.none", "{path} holds neither XML files nor masks of VOC", path=str(path)
            )
        wants_masks = task == "segmentation" or (task is None and not layout.annotations)
        if wants_masks or options.class_table:
            return _read_masks(layout, options)
        if task == "instance_segmentation" and layout.object_masks:
            return _read_object_masks(layout, options)
        return _read_boxes(layout, task)


# Which files


@dataclass(frozen=True)
class _Layout:
    """The files of a dataset, relative to its folder."""

    root: Path
    annotations: list[str]
    images: list[str]
    class_masks: list[str]
    object_masks: list[str]
    lists: list[str]

    @property
    def has_lists(self) -> bool:
        """Whether lists of parts are kept as VOC keeps them."""
        return any(_LISTS in one.lower().split("/") for one in self.lists)

    def path(self, file: str) -> str:
        """Return the absolute path of a file."""
        return os.path.join(self.root, file)


def _layout(path: Path) -> _Layout:
    """Sort the files of a folder, or those about one XML file."""
    if path.is_dir():
        root, files = path, files_under(path)
    else:
        is_in_folder = path.parent.name.lower() in _ANNOTATION_FOLDERS
        root = path.parent.parent if is_in_folder else path.parent
        is_xml = path.is_file() and path.suffix.lower() == ".xml"
        own = normalised(os.path.relpath(path, root))
        files = [own, *(one for one in files_under(root) if is_image(one))] if is_xml else []
    folders: dict[str, list[str]] = defaultdict(list)
    for file in files:
        folders[os.path.dirname(file)].append(file)
    annotations: list[str] = []
    for folder, some in folders.items():
        is_named = os.path.basename(folder).lower() in _ANNOTATION_FOLDERS
        xml_files = [
            one for one in some if one.lower().endswith(".xml") and not is_of_imagenet(one)
        ]
        if any(is_annotation(root, one, if_broken=is_named) for one in xml_files[:_LOOKED_INTO]):
            annotations += xml_files
    masks = {folder: os.path.basename(folder).lower() for folder in folders}
    of_kind = {
        kind: [one for folder in folders if masks[folder] == kind for one in folders[folder]]
        for kind in (_CLASS_MASKS, _OBJECT_MASKS)
    }
    is_mask = {one for some in of_kind.values() for one in some}
    return _Layout(
        root=root,
        annotations=annotations,
        images=[one for one in files if is_image(one) and one not in is_mask],
        class_masks=[one for one in of_kind[_CLASS_MASKS] if is_image(one)],
        object_masks=[one for one in of_kind[_OBJECT_MASKS] if is_image(one)],
        lists=[one for one in files if one.lower().endswith(".txt") and _may_be_list(one)],
    )


def _may_be_list(file: str) -> bool:
    """Say whether a text file is in ImageSets, or named after a part and in no folder of labels."""
    folder, name = os.path.split(file)
    if _LISTS in folder.lower().split("/"):
        return True
    return part_of(os.path.splitext(name)[0]) is not None


# Boxes


def _read_boxes(layout: _Layout, task: str | None) -> Draft:
    reader = ObjectReader()
    images = Images(layout.images)
    items: list[DraftItem] = []
    found_in: dict[str, str] = {}  # by image: the XML file
    empty: list[str] = []
    unread: set[str] = set()  # the names of XML files that were reported already
    for file in layout.annotations:
        said = said_in(layout.root, file, reader.findings)
        image = None if said is None else image_of(file, said, images, reader.findings)
        if said is None or image is None:
            unread.add(os.path.splitext(os.path.basename(file))[0])
            continue
        if image in found_in:
            message = f"{file} is of the image {image}, as {found_in[image]} is"
            reader.findings.append(blocking("image_twice", message, file=file))
            continue
        found_in[image] = file
        if not reader.read(said, len(items), file):
            empty.append(file)
        items.append(
            DraftItem(
                layout.path(image),
                size_wh=size_wh_of(said),
                source_file=file,
                source_line=said.line,
                partition=part_of_folders(image) or part_of_folders(file),
            )
        )
    findings = [*reader.findings, *reader.unread(), *without_objects(empty)]
    findings += counted_from_one(reader.annotations.table(), items)
    findings += _without_xml(layout, found_in, unread)
    findings += _partitions(layout, items, "main")
    if layout.class_masks:
        count = counted(len(layout.class_masks), "mask stands", "masks stand")
        said_of_masks = f"{count} in SegmentationClass: --task segmentation reads such"
        findings.append(information("masks_unread", said_of_masks, file=layout.class_masks[0]))
    outlines = "instance_segmentation" if reader.has_outlines else "detection"
    return Draft(
        root=layout.root,
        task=task or outlines,
        items=items,
        classes=reader.classes.sorted(reader.annotations),
        findings=findings,
        annotations=reader.annotations,
    )


def _without_xml(
    layout: _Layout, found: dict[str, str], unread: Container[str]
) -> Iterator[Finding]:
    for image in layout.images:
        if image not in found and os.path.splitext(os.path.basename(image))[0] not in unread:
            said = f"{image} has no XML file: it is left out"
            yield left_out("missing_annotation_file", said, file=image)


def _partitions(layout: _Layout, items: list[DraftItem], purpose: str) -> list[Finding]:
    """Let the lists divide the items: those for the purpose, else any."""
    by_base: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in layout.lists:
        folders = file.split("/")[:-1]
        lowered = [one.lower() for one in folders]
        depth = lowered.index(_LISTS) if _LISTS in lowered else len(folders)
        by_base["/".join(folders[:depth])]["/".join(lowered[depth + 1 :])].append(file)
    findings: list[Finding] = []
    for base, by_purpose in by_base.items():
        chosen = purpose if purpose in by_purpose else min(by_purpose)
        names = [normalised(os.path.relpath(item.path, layout.root)) for item in items]
        inside = {place for place, name in enumerate(names) if name.startswith(f"{base}/")}
        places: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            if place in inside or not inside:  # lists may stand in a folder of their own
                places[os.path.splitext(os.path.basename(name))[0]].append(place)
        lists = PartLists(layout.root, places)
        lists.read([layout.root / file for file in by_purpose[chosen]])
        lists.apply(items)
        findings += lists.findings
    return findings


# Masks


def _read_masks(layout: _Layout, options: ReadOptions) -> Draft:
    if not layout.class_masks:
        raise InvalidError(
            "voc.no_masks",
            "{path} has no folder SegmentationClass with masks, which Pascal VOC's segmentation "
            "needs: masks that stand elsewhere are read with --format index_masks",
            path=str(layout.root),
        )
    findings: list[Finding] = []
    items = list(_masked_items(layout, layout.class_masks, findings))
    findings += _partitions(layout, items, "segmentation")
    table, said = _classes(layout, options)
    return Draft(
        root=layout.root,
        task="segmentation",
        items=items,
        classes=table.classes,
        findings=[*findings, *said],
        ignored_pixel_values=table.ignored,
    )


def _read_object_masks(layout: _Layout, options: ReadOptions) -> Draft:
    findings: list[Finding] = []
    annotations = DraftAnnotations()
    table, said = _classes(layout, options)
    classes = of_objects(table.classes)
    kinds = {os.path.splitext(os.path.basename(one))[0]: one for one in layout.class_masks}
    items: list[DraftItem] = []
    for item in _masked_items(layout, layout.object_masks, findings):
        file = normalised(os.path.relpath(item.mask_path or "", layout.root))
        kind = kinds.get(os.path.splitext(os.path.basename(file))[0])
        if kind is None:
            message = f"{file} has no mask in SegmentationClass, which says what its objects are"
            findings.append(blocking("mask_without_classes", message, file=file))
            continue
        faults = add_objects(
            annotations, len(items), layout.root / file, layout.root / kind, classes, file
        )
        findings += faults
        if not any(one.severity == "error" for one in faults):
            item.mask_path = None
            items.append(item)
    findings += _partitions(layout, items, "segmentation")
    return Draft(
        root=layout.root,
        task="instance_segmentation",
        items=items,
        classes=classes,
        findings=[*findings, *said],
        annotations=annotations,
    )


def _masked_items(
    layout: _Layout, masks: Sequence[str], findings: list[Finding]
) -> Iterator[DraftItem]:
    """Yield the images of masks; a mask whose image is not here blocks the import."""
    images = Images(layout.images)
    for mask in masks:
        found = images.find(os.path.splitext(os.path.basename(mask))[0], mask)
        if len(found) != 1:
            may_be = f"may be of {' or '.join(found[:3])}" if found else "has no image"
            kind = "ambiguous_mask" if found else "mask_without_image"
            findings.append(blocking(kind, f"the mask {mask} {may_be}", file=mask))
            continue
        partition = part_of_folders(found[0])
        yield DraftItem(layout.path(found[0]), mask_path=layout.path(mask), partition=partition)


def _classes(layout: _Layout, options: ReadOptions) -> tuple[ClassTable, list[Finding]]:
    """Return the classes of the masks: as the user says, else as the files beside them do."""
    if options.class_table is not None:
        return read_class_table(options.class_table), []
    nearest = (layout.root / layout.class_masks[0]).parent if layout.class_masks else layout.root
    folders = [one for one in (nearest, *nearest.parents) if one.is_relative_to(layout.root)]
    return mask_classes(folders, [layout.path(one) for one in layout.class_masks])
