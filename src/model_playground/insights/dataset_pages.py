"""Pages on a dataset: what a check found, with the images in question, and what it holds."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from PIL import Image

from model_playground.core.counting import counted
from model_playground.core.dataset_records import DatasetStatistics
from model_playground.core.records import CheckReport, Finding
from model_playground.datasets.finding_kinds import SEVERITIES, kind_of
from model_playground.datasets.records import Revision
from model_playground.datasets.statistics import MOST_SIZES
from model_playground.insights.annotated_images import (
    AnnotatedImages,
    AnnotatedItem,
    class_colour,
)
from model_playground.insights.contact_sheet import chosen_items
from model_playground.insights.dataset_figures import (
    draw_centres,
    draw_classes,
    draw_objects_per_item,
    draw_sizes,
    draw_together,
    draw_values,
)
from model_playground.insights.report import (
    Answer,
    Block,
    Cell,
    Figure,
    Figures,
    Listing,
    Picture,
    Report,
    Sample,
    Samples,
    Section,
    Table,
    picture_source,
)

SHOWN_IMAGES = 12
"""Of one kind of finding so many images are shown, and all are named."""

_SHOWN_TOGETHER = 4  # images of one finding, beside each other
_SIDE = 320  # pixels of a picture's longer side
_SHOWN_LINES = 8
_SHOWN_COLOURS = 40
_ON_SIZES = f"The {MOST_SIZES} commonest sizes at most; the area of a dot is the number of images."


def check_page(report: CheckReport, revision: Revision) -> Report:
    """Lay out what a check found: a section for each kind, the gravest first."""
    findings = sorted(report.findings, key=lambda one: (SEVERITIES.index(one.severity), one.kind))
    sections = tuple(
        _kind_section(list(found), revision)
        for _, found in groupby(findings, key=lambda one: (one.severity, one.kind))
    )
    counts = [
        f"{count:,} for information"
        if severity == "information"
        else counted(count, severity, f"{severity}s")
        for severity in SEVERITIES
        if (count := sum(one.severity == severity for one in findings))
    ]
    said = f"{report.items:,} images were checked: " + (", ".join(counts) or "nothing to report")
    return Report(
        title=f"Check of {report.dataset}",
        introduction=(f"{said}.",),
        sections=sections,
        footer=f"Read from {revision.root} as {revision.format}.",
    )


def _kind_section(found: Sequence[Finding], revision: Revision) -> Section:
    kind = kind_of(found[0])
    decisions = ", ".join(dict.fromkeys(one.decision for one in found))
    shown = [one.text for one in found]
    blocks: list[Block] = list(_pictures(found, revision))
    if len(shown) > _SHOWN_LINES:
        blocks.append(Listing(f"All {len(shown):,}", "\n".join(shown)))
        shown = [*shown[:_SHOWN_LINES], f"… and {len(shown) - _SHOWN_LINES:,} more, listed below"]
    return Section(
        name=f"{kind.name}-{found[0].severity}",
        title=f"{kind.title} ({len(found):,})",
        question=f"{found[0].severity.capitalize()}, {decisions}. {kind.explanation}".strip(),
        findings=tuple(shown),
        advice=f"What to do: {kind.remedy}" if kind.remedy else "",
        blocks=tuple(blocks),
    )


def _pictures(found: Sequence[Finding], revision: Revision) -> Sequence[Samples]:
    """Show the images that findings are about, with the objects in question."""
    chosen = _items_of(found, revision)
    if not chosen:
        return []
    images = AnnotatedImages(revision, [one for together in chosen for one in together])
    drawn = [
        [images.draw(one, _SIDE, None if line is None else [line]) for one in together]
        for together, line in chosen.items()
    ]
    return [_samples("The images", drawn, revision)]


def _items_of(found: Sequence[Finding], revision: Revision) -> dict[tuple[str, ...], int | None]:
    """Return the items that findings are about, and the line of the annotation in question.

    Items that one finding is about, such as an image and its copies, are together.
    """
    ids = dict(zip(revision.items["path"].to_pylist(), revision.item_ids, strict=True))
    # A source may name its files from another folder than the records do.
    ids |= {path.rpartition("/")[2]: item_id for path, item_id in ids.items()}
    chosen: dict[tuple[str, ...], int | None] = {}
    by_line: dict[tuple[str, int], str] | None = None
    for one in found:
        if sum(map(len, chosen)) >= SHOWN_IMAGES:
            break
        item_id, line = ids.get(one.file) or ids.get(one.file.rpartition("/")[2]), None
        if item_id is None and one.line is not None:
            by_line = _lines(revision) if by_line is None else by_line
            item_id, line = by_line.get((one.file, one.line)), one.line
        if item_id is not None:
            copies = [ids[other] for other in one.others if other in ids]
            chosen.setdefault((item_id, *copies)[:_SHOWN_TOGETHER], line)
    return chosen


def _lines(revision: Revision) -> dict[tuple[str, int], str]:
    columns = revision.annotations.select(["source_file", "source_line", "item_id"])
    rows = zip(*(column.to_pylist() for column in columns.columns), strict=True)
    return {(file, line): item_id for file, line, item_id in rows if line is not None}


def _samples(title: str, drawn: Sequence[Sequence[AnnotatedItem]], revision: Revision) -> Samples:
    """Show items, those that belong together beside each other."""
    counts = Counter(index for together in drawn for one in together for index in one.classes)
    shown = {index for index, _ in counts.most_common(_SHOWN_COLOURS)}
    more = len(counts) - len(shown)
    return Samples(
        title=title,
        samples=tuple(
            Sample(
                tuple(Picture(_jpeg(one.image), one.path) for one in together),
                _labels_of(together),
            )
            for together in drawn
        ),
        colours=tuple(
            (one.name, "#{:02x}{:02x}{:02x}".format(*class_colour(one.index)))
            for one in revision.classes
            if one.index in shown
        ),
        caption=f"{counted(more, 'further class', 'further classes')} in other colours."
        if more
        else "",
        photographs=True,
    )


def _labels_of(together: Sequence[AnnotatedItem]) -> tuple[Answer, ...]:
    """Say the labels of items beside each other: once if they agree, else by the items' names."""
    labels = {one.path: ", ".join(one.labels) or "none" for one in together}
    if len(set(labels.values())) == 1:
        return (Answer("labels", labels[together[0].path]),)
    return tuple(Answer(path, said) for path, said in labels.items())


def _jpeg(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, format="JPEG", quality=85)
    return picture_source(content.getvalue(), "jpeg")


# What a dataset holds


def dataset_page(revision: Revision, statistics: DatasetStatistics, name: str) -> Report:
    """Lay out what a dataset holds: figures, and a grid of items with their annotations."""
    ids = chosen_items(revision)
    images = AnnotatedImages(revision, ids)
    drawn = [[images.draw(one, _SIDE)] for one in ids]
    items = _samples(f"{len(drawn)} of {statistics.items:,}", drawn, revision)
    sizes = Figure(draw_sizes(statistics), _ON_SIZES) if statistics.distinct_sizes > 1 else None
    sections = (
        Section("items", "Items", "What do the images and their labels look like?", (), (items,)),
        Section(
            "labels",
            "Labels",
            "What is there to learn, and how often?",
            (),
            _labels(statistics),
        ),
        Section(
            "images",
            "Images",
            "How large are they, and their objects?",
            _sizes_said(statistics),
            () if sizes is None else (Figures((sizes,)),),
        ),
    )
    objects = f", {statistics.objects:,} objects" if statistics.objects else ""
    return Report(
        title=name,
        introduction=(
            f"{statistics.items:,} images{objects}, for {revision.task.replace('_', ' ')}.",
        ),
        sections=sections,
        footer=f"Read from {revision.root} as {revision.format}.",
    )


def _labels(statistics: DatasetStatistics) -> tuple[Block, ...]:
    figures: list[Figure] = []
    if any(one.items for one in statistics.classes):
        figures.append(Figure(draw_classes(statistics)))
    if statistics.objects:
        figures.append(Figure(draw_objects_per_item(statistics)))
        if any(map(any, statistics.centres)):
            said = (
                "Every image is scaled to a square; the stronger the colour, the more objects, "
                f"at most {max(map(max, statistics.centres)):,} in a cell."
            )
            figures.append(Figure(draw_centres(statistics), said))
    if len(statistics.together) > 1 and _is_mixed(statistics):
        said = "So many per cent of the images with the class of the row have that of the column."
        figures.append(Figure(draw_together(statistics), said))
    figures += [Figure(draw_values(one)) for one in statistics.values]
    blocks: list[Block] = [Figures(tuple(figures))]
    if statistics.classes:
        blocks.append(_class_table(statistics))
    return tuple(blocks)


def _is_mixed(statistics: DatasetStatistics) -> bool:
    """Say whether any image has two classes."""
    return any(
        count
        for row, counts in enumerate(statistics.together_items)
        for column, count in enumerate(counts)
        if row != column
    )


def _class_table(statistics: DatasetStatistics) -> Table:
    counts_of = {
        "images": [one.items for one in statistics.classes],
        "objects": [one.objects for one in statistics.classes],
        "pixels": [one.pixels for one in statistics.classes],
    }
    used = {name: counts for name, counts in counts_of.items() if any(counts) or name == "images"}
    return Table(
        "Classes",
        ("class", *used),
        tuple(
            (Cell(one.name), *(Cell(f"{counts[place]:,}") for counts in used.values()))
            for place, one in enumerate(statistics.classes)
        ),
    )


def _sizes_said(statistics: DatasetStatistics) -> tuple[str, ...]:
    said = []
    if statistics.sizes:
        first = statistics.sizes[0]
        said.append(
            f"{first.items:,} images are {first.width}×{first.height} pixels, the commonest of "
            f"{statistics.distinct_sizes:,} sizes."
            if statistics.distinct_sizes > 1
            else f"All are {first.width}×{first.height} pixels."
        )
    if statistics.unknown_sizes:
        said.append(f"Of {statistics.unknown_sizes:,} images the size is not known yet.")
    if statistics.objects:
        small, medium, large = statistics.object_sizes
        said.append(
            f"Of the objects {small:,} are small (below 32² pixels), {medium:,} medium (below 96²) "
            f"and {large:,} large."
        )
    if statistics.partitions:
        order = sorted(statistics.partitions.items(), key=lambda one: -one[1])
        parts = ", ".join(f"{name} {count:,}" for name, count in order)
        said.append(f"The source divides them: {parts}.")
    return tuple(said)
