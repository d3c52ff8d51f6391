"""Classes that files give to whole images: any number, or exactly one where that is the task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from model_playground.core.records import Finding
from model_playground.datasets.findings import blocking, left_out
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations, DraftItem


class Said(NamedTuple):
    """A class that a file gives to an image, and where it says so."""

    name: str
    file: str
    line: int | None


@dataclass
class ImageClasses:
    """The classes of images, by the place of the item."""

    by_place: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))

    def __bool__(self) -> bool:
        return bool(self.by_place)

    @property
    def are_single(self) -> bool:
        """Whether no image has several."""
        return all(len({one.name for one in some}) == 1 for some in self.by_place.values())

    def add(self, place: int, name: str, file: str, line: int | None) -> None:
        """Note a class of an image."""
        self.by_place[place].append(Said(name, file, line))

    def as_tags(self, annotations: DraftAnnotations, classes: ClassNames) -> None:
        """Make each class of an image a tag."""
        for place, some in self.by_place.items():
            for one in {said.name: said for said in reversed(some)}.values():
                annotations.add_tag(
                    place,
                    class_index=classes.index(one.name),
                    source_file=one.file,
                    source_line=one.line,
                )

    def as_the_class(self, items: Sequence[DraftItem], classes: ClassNames) -> list[Finding]:
        """Give each image its one class; say which have none or several, and cannot be used."""
        findings = []
        for place, item in enumerate(items):
            some = self.by_place.get(place, [])
            names = list(dict.fromkeys(one.name for one in some))
            if len(names) == 1:
                classes.index(names[0])
                item.class_name = names[0]
                continue
            line = some[0].line if some else item.source_line
            where = f"line {line} of {item.source_file}" if line else item.source_file
            if names:
                said = f"{where}: the image has the classes {', '.join(names)} instead of one"
                findings.append(blocking("several_classes", said, file=item.source_file, line=line))
            else:
                said = f"{where}: the image has no class: it is left out"
                findings.append(left_out("no_class", said, file=item.source_file, line=line))
        return findings


def without_items(
    items: Sequence[DraftItem], annotations: DraftAnnotations, places: Collection[int]
) -> tuple[list[DraftItem], DraftAnnotations]:
    """Return items and annotations without those at some places."""
    if not places:
        return list(items), annotations
    kept = np.array([place not in places for place in range(len(items))], dtype=bool)
    table = annotations.table()
    table = table.filter(pa.array(kept[table["item"].to_numpy()]))
    moved = (np.cumsum(kept) - 1)[table["item"].to_numpy()]
    remaining = DraftAnnotations()
    if table.num_rows:
        columns = {name: table[name].combine_chunks() for name in table.column_names}
        remaining.extend(columns | {"item": moved.astype(np.int32)})
    return [item for item, keep in zip(items, kept, strict=True) if keep], remaining
