"""Where the files of a YOLO dataset stand: what its description says, and what its folders show."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import (
    NamedImages,
    files_under,
    is_beside,
    is_image,
    is_inside,
    linked_folder,
    normalised,
    subfolders,
)
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.parts import part_of
from model_playground.datasets.text_files import UnreadableTextError, text_of
from model_playground.datasets.yaml_files import read_yaml

FOLDERS = ("images", "image", "jpegimages")
"""Names of folders of images, for which a folder `labels` stands instead in a label's path."""

RESERVED = frozenset(
    (
        *("path", "names", "nc", "classes", "backup", "kpt_shape", "kpt_names", "flip_idx"),
        *("task", "format", "skip_if_label_file_missing", "download", "roboflow", "channels"),
    )
)
"""Keys of a description that name no part."""

_SUFFIXES = (".yaml", ".yml", ".data")
_NAMES_FILES = (
    *("classes.txt", "obj.names", "classes.names", "predefined_classes.txt", "_darknet.labels"),
    *("labels/classes.txt", "train/_darknet.labels", "data/obj.names"),
)
_NO_LABELS = ("classes.txt", "predefined_classes.txt", "labels.txt", "train.txt", "val.txt")
_MOST_DESCRIPTIONS = 50
_KEY_LINE = re.compile(r"^(train|val|valid|test|names|nc)\s*[:=]", re.MULTILINE)


@dataclass(frozen=True)
class Description:
    """What a `data.yaml`, or an `obj.data`, says.

    Args:
        file: where it stands.
        names: the classes by their ids; none if it names none.
        parts: for each part's key the folders, lists or images that it is made of.
        base: from where these are looked for, relative to the file or absolute.
        count: how many classes it says there are.
        keypoint_columns: how many columns of keypoints follow a box.
        skips_unlabelled: images without a label file are no part of the dataset.
        is_oriented: outlines of four corners are turned boxes.
    """

    file: Path
    names: dict[int, str]
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    base: str = ""
    count: int | None = None
    keypoint_columns: int = 0
    skips_unlabelled: bool = False
    is_oriented: bool = False


@dataclass(frozen=True)
class Source:
    """Images of a folder and the folder of their labels.

    Args:
        images: the folder.
        files: which of its images, relative to it.
        labels: where the label files stand, by the same path but for the suffix.
        partition: the part that they are in; that of the folder inside it if None.
        is_whole: these are all images of the folder.
    """

    images: Path
    files: tuple[str, ...]
    labels: Path
    partition: str | None = None
    is_whole: bool = True


@dataclass
class Layout:
    """All that is known of a dataset before its label files are read."""

    root: Path
    description: Description | None
    sources: list[Source] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


# Descriptions


def descriptions(folder: Path) -> list[Path]:
    """Return the files in a folder that describe a YOLO dataset."""
    named = sorted(name for name in os.listdir(folder) if name.lower().endswith(_SUFFIXES))
    found = (folder / name for name in named)
    files = [one for one in found if one.suffix and one.is_file()]
    return [one for one in files[:_MOST_DESCRIPTIONS] if describes(one)]


def describes(path: Path) -> bool:
    """Say whether a file describes a YOLO dataset, or is meant to and cannot be read."""
    if path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        return read_description(path) is not None
    except InvalidError:
        try:
            text = text_of(path, most_bytes=2**22)
        except UnreadableTextError:
            return False
        return len(set(_KEY_LINE.findall(text))) >= 2


def read_description(path: Path) -> Description | None:
    """Read a description, or return None if the file is about something else.

    Raises:
        InvalidError: it cannot be read, or its classes are unclear.
    """
    if path.suffix.lower() == ".data":
        return _darknet(path)
    said = read_yaml(path)
    if not isinstance(said, dict):
        return None
    parts = tuple(
        (key, _texts(value))
        for key, value in said.items()
        if key not in RESERVED and (part_of(key) or _looks_like_places(path, value))
    )
    if any(isinstance(value, dict) for key, value in said.items() if part_of(key)):
        return None
    if not ({"names", "nc"} & said.keys()) or not (parts or {"path", "nc"} & said.keys()):
        return None
    return Description(
        file=path,
        names=_names(path, said.get("names")),
        parts=tuple((key, places) for key, places in parts if places),
        base=_text(said.get("path")),
        count=_count(said.get("nc")),
        keypoint_columns=_keypoint_columns(said.get("kpt_shape")),
        skips_unlabelled=_text(said.get("skip_if_label_file_missing")).lower() == "true",
        is_oriented=_text(said.get("task")).lower() == "obb",
    )


def names_beside(folder: Path) -> tuple[Path, dict[int, str]] | None:
    """Return a file with a class name on each line, and the classes by their line."""
    for name in _NAMES_FILES:
        file = folder / name
        if file.is_file():
            return file, _listed_names(file)
    return None


def _darknet(path: Path) -> Description | None:
    pairs: dict[str, str] = {}
    for line in _text_of(path).splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#"):
            pairs[key.strip()] = value.strip()
    parts = tuple((key, (value,)) for key, value in pairs.items() if part_of(key) and value)
    if "names" not in pairs or not parts:
        return None
    named = normalised(pairs["names"])
    folder = path.parent
    ends = [folder.joinpath(*piece) for piece in _ends(PurePosixPath(named).parts)]
    file = next((one for one in ends if one.is_file() and is_inside(one, folder)), None)
    if file is None:
        raise InvalidError(
            "yolo.no_names",
            "{file} names the list of classes {names}, which does not exist",
            file=str(path),
            names=named,
        )
    return Description(path, _listed_names(file), parts, count=_count(pairs.get("classes")))


def _listed_names(file: Path) -> dict[int, str]:
    lines = [line.strip() for line in _text_of(file).splitlines()]
    return _checked(file, {number: name for number, name in enumerate(lines) if name})


def _names(path: Path, said: Any) -> dict[int, str]:
    if said is None or said == "":
        return {}
    if isinstance(said, list) and all(isinstance(name, str) for name in said):
        return _checked(path, dict(enumerate(said)))
    if isinstance(said, dict) and all(isinstance(name, str) for name in said.values()):
        wrong = [key for key in said if not (key.isascii() and key.isdecimal() and len(key) < 10)]
        if wrong:
            raise _bad_names(path, f"the id {wrong[0]!r} is no whole number from 0")
        ids = [int(key) for key in said]
        twice = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
        if twice is not None:
            raise _bad_names(path, f"the id {twice} stands twice")
        return _checked(path, dict(zip(ids, said.values(), strict=True)))
    raise _bad_names(path, "`names` is neither a list of names nor a mapping of ids to names")


def _checked(path: Path, names: dict[int, str]) -> dict[int, str]:
    ids: dict[str, int] = {}
    for class_id, name in names.items():
        if not name.strip():
            raise _bad_names(path, f"the class {class_id} has no name")
        if name in ids:
            raise _bad_names(path, f"the classes {ids[name]} and {class_id} are both {name!r}")
        ids[name] = class_id
    return names


def _bad_names(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "yolo.names", "the classes in {file} are unclear: {why}", file=str(path), why=why
    )


def _text_of(path: Path) -> str:
    try:
        return text_of(path, else_windows=True)
    except UnreadableTextError as error:
        raise InvalidError(
            "yolo.unreadable", "{file} cannot be read: {why}", file=str(path), why=str(error)
        ) from None


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""


def _texts(said: Any) -> tuple[str, ...]:
    if isinstance(said, str):
        return (said,) if said and said not in ("null", "~") else ()
    if isinstance(said, list):
        return tuple(one for one in said if isinstance(one, str) and one)
    return ()


def _looks_like_places(path: Path, said: Any) -> bool:
    """Say whether a value names what exists: parts may have words of one's own."""
    places = _texts(said)
    return bool(places) and all("/" in one and os.path.exists(path.parent / one) for one in places)


def _count(said: Any) -> int | None:
    text = _text(said)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _keypoint_columns(said: Any) -> int:
    counts = [_count(one) for one in said] if isinstance(said, list) else []
    return counts[0] * counts[1] if len(counts) == 2 and counts[0] and counts[1] else 0


# Folders


def find_layout(root: Path, description: Description | None) -> Layout:
    """Find the images and the folders of their labels."""
    layout = Layout(root, description)
    if description is not None:
        base = _base(layout, description)
        for key, places in description.parts:
            for place in places:
                layout.sources += _named_sources(layout, description, base, key, place)
        if layout.sources:
            _report_others(layout, description)
    if not layout.sources:
        layout.sources = list(_sources_in(root))
    return layout


def looks_like_labels(folder: Path) -> bool:
    """Say whether text files in a folder, or in one inside it, are label files.

    Empty files are label files too, but show nothing; so one that is not empty has to agree.
    """
    texts = [one for one in _texts_in(folder) if one not in _NO_LABELS]
    files = [folder / one for one in texts[:40]]
    files += [
        inside / one
        for inside in map(folder.joinpath, sorted(os.listdir(folder))[:20])
        if inside.is_dir()
        for one in _texts_in(inside)[:20]
    ]
    judged = [_is_label_file(one) for one in files[:40]]
    return any(judged) and all(one is not False for one in judged)


def _texts_in(folder: Path) -> list[str]:
    """Return the names of text files; those of a folder of images are many, paths would be slow."""
    try:
        return sorted(one for one in os.listdir(folder) if one.endswith(".txt"))
    except OSError:
        return []  # listing the images says what is wrong with the folder


def is_label_name(name: str) -> bool:
    """Say whether a file can be a label file by its name."""
    return name.lower().endswith(".txt") and os.path.basename(name) not in _NO_LABELS


_LONGEST_SIDE = 65_535  # pixels; where a label file holds no shares, as it should, it holds these


_NAME = re.compile(r"(?!nan|inf)[^\W\d_]", re.IGNORECASE)


def _is_label_file(path: Path) -> bool | None:
    """Judge by the first lines; nothing can be said of an empty file."""
    try:
        with path.open("rb") as file:
            start = file.read(65_536)
        lines = [line.split() for line in start.decode("utf-8-sig").splitlines()[:5]]
    except (OSError, UnicodeDecodeError):
        return False
    lines = [line for line in lines if line]
    if not lines:
        return None
    number = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
    return all(
        len(line) >= 5
        and line[0].isdecimal()
        and all(number.fullmatch(one) and abs(float(one)) <= _LONGEST_SIDE for one in line[1:5])
        and not any(map(_NAME.match, line[8:9]))  # DOTA's class stands there, behind the corners
        for line in lines
    )


def _base(layout: Layout, description: Description) -> Path:
    """Return the folder that `path:` names, if it is there, else that of the description."""
    beside = description.file.parent
    named = normalised(description.base)
    if named in ("", "."):
        return beside
    found = followed(layout.root, beside / named)
    if found is not None:
        return Path(os.path.normpath(beside / named))
    name = description.file.name
    said = f"{name} says `path: {named}`, which is not here: folders are looked for beside {name}"
    layout.findings.append(information("path_remapped", said, file=name))
    return beside


def _named_sources(
    layout: Layout, description: Description, base: Path, key: str, place: str
) -> Iterator[Source]:
    """Find what a part is made of: a folder of images, a list of images, or one image."""
    name = description.file.name
    part = part_of(key) or key
    pieces = PurePosixPath(normalised(place)).parts
    starts = dict.fromkeys((base, description.file.parent))
    ends = [PurePosixPath(*end) for end in _ends(_without_dots(pieces))]
    places = [one / normalised(place) for one in starts]
    places += [one / end for end in ends for one in starts]
    for number, lexical in enumerate(places):
        lexical = Path(os.path.normpath(lexical))
        folder = followed(layout.root, lexical)
        is_file = folder is None and os.path.isfile(lexical) and _is_allowed(layout.root, lexical)
        if folder is None and not is_file:
            continue
        if number >= len(starts):
            there = os.path.relpath(lexical, layout.root)
            said = f"{name} says `{key}: {place}`; {there} is read"
            layout.findings.append(information("path_remapped", said, file=name))
        if folder is not None:
            yield _source(layout.root, lexical, folder, part)
        else:
            yield from _listed_sources(layout, lexical, base, part)
        return
    said = f"{name} says `{key}: {place}`, which does not exist: the part is left out"
    layout.findings.append(left_out("missing_part", said, file=name))


def followed(root: Path, lexical: Path) -> Path | None:
    """Return the folder that a path leads to, links that git wrote as files followed too.

    It has to be in the root or beside it.
    """
    top = root.parent
    path = os.path.normpath(lexical)
    if path != str(top) and not path.startswith(os.path.join(top, "")):
        return None
    found: Path | None = top
    for piece in Path(path).relative_to(top).parts:
        try:
            found = linked_folder(found / piece) if found is not None else None
        except (OSError, ValueError):  # a name that is too long, or holds a null
            return None
    return found if found is not None and _is_allowed(root, found) else None


def _is_allowed(root: Path, path: Path) -> bool:
    return is_inside(path, root) or is_beside(path, root)


def _without_dots(pieces: Sequence[str]) -> Sequence[str]:
    return [piece for piece in pieces if piece not in ("..", "/")]


def _ends(pieces: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield a path, and what is left of it as its first folders are taken away."""
    return (pieces[start:] for start in range(len(pieces)))


def _source(root: Path, lexical: Path, folder: Path, partition: str | None) -> Source:
    files = tuple(file for file in files_under(folder) if is_image(file))
    return Source(folder, files, _labels_of(root, lexical, folder), partition)


def _labels_of(root: Path, lexical: Path, folder: Path) -> Path:
    """Return the folder of labels: `labels` for the last `images` in the path, else the same."""
    top = root if lexical == root or root in lexical.parents else root.parent
    pieces = list(lexical.relative_to(top).parts)
    for place in reversed(range(len(pieces))):
        if pieces[place].lower() in FOLDERS:
            pieces[place] = "labels"
            found = followed(root, top.joinpath(*pieces))
            if found is not None:
                return found
            break
    return folder


def _listed_sources(layout: Layout, path: Path, base: Path, partition: str) -> Iterator[Source]:
    """Find the images that a list names, one a line, or the one image that a path is."""
    root = layout.root
    name = os.path.relpath(path, root)
    if is_image(path.name):
        lines = [path.name]
    else:
        try:
            lines = text_of(path, else_windows=True).splitlines()
        except UnreadableTextError as error:
            raise InvalidError(
                "yolo.unreadable",
                "the list of images {file} cannot be read: {why}",
                file=str(path),
                why=str(error),
            ) from None
    inside = [one for one in (base, path.parent) if is_inside(one, root)]
    images = NamedImages(root, inside)
    by_folder: dict[str, list[str]] = {}
    remapped: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        found, by_name = images.find(said)
        if len(found) != 1:
            why = (
                f"may be {' or '.join(os.path.relpath(one, root) for one in found[:3])}"
                if found
                else "does not exist"
            )
            message = f"line {number} of {name}: the image {said} {why}"
            kind = "ambiguous_file" if found else "missing_file"
            layout.findings.append(blocking(kind, message, file=name, line=number))
            continue
        if by_name:
            remapped.append((number, said, os.path.relpath(found[0], root)))
        directory, _, file = found[0].rpartition(os.sep)
        by_folder.setdefault(directory, []).append(file)
    if remapped:
        number, said, there = remapped[0]
        count = counted(len(remapped), "image is", "images are")
        message = (
            f"{name}: {count} not where the list says, but found by the file's name, such as "
            f"{said} at {there}"
        )
        layout.findings.append(information("path_remapped", message, file=name, line=number))
    for directory, files in by_folder.items():
        folder = Path(directory)
        labels = _labels_of(root, folder, folder)
        yield Source(folder, tuple(files), labels, partition, is_whole=False)


def _report_others(layout: Layout, description: Description) -> None:
    """Name the images that are in the dataset's folder but in none of its parts."""
    name = description.file.name
    if description.count not in (None, len(description.names)) and description.names:
        said = (
            f"{name} says `nc: {description.count}` and names {len(description.names)} classes: "
            "the names are taken"
        )
        layout.findings.append(warning("class_count", said, file=name))
    known = {
        os.path.join(source.images, file) for source in layout.sources for file in source.files
    }
    others = [
        file
        for file in files_under(layout.root)
        if is_image(file) and os.path.join(layout.root, file) not in known
    ]
    for other in others:
        said = f"{other} is in no part that {name} names: it is left out"
        layout.findings.append(left_out("image_in_no_part", said, file=other))


def _sources_in(root: Path) -> Iterator[Source]:
    """Find images and labels by the names of the folders alone."""
    for name in FOLDERS:
        for folder in _folders_named(root, name):
            images = linked_folder(folder)
            if images is not None and _is_allowed(root, images):
                yield _source(root, folder, images, None)
                return
    inside = subfolders(root)
    parts = [one for one in inside if part_of(one.name)]
    for part in parts:
        for images in [one for one in subfolders(part) if one.name.lower() in FOLDERS] or [part]:
            yield _source(root, images, images, part_of(part.name))
    if not parts:
        direct = next((one for one in inside if one.name.lower() == "labels"), None)
        source = _source(root, root, root, None)
        yield Source(root, source.files, direct, None) if direct else source


def _folders_named(root: Path, name: str) -> Iterator[Path]:
    return (one for one in sorted(root.iterdir()) if one.name.lower() == name)
