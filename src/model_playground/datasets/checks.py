"""Checks of a revision: its files against what they were, and its records as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from model_playground.core.records import CheckReport, Finding
from model_playground.datasets.colours import are_colours
from model_playground.datasets.facts_cache import FactsCache
from model_playground.datasets.file_names import located
from model_playground.datasets.finding_kinds import kind_of
from model_playground.datasets.geometry import geometry_findings, outline_findings
from model_playground.datasets.image_checks import (
    image_fault,
    image_findings,
    mask_fault,
)
from model_playground.datasets.images import (
    Advance,
    ImageFacts,
    MaskFacts,
    hash_file,
    inspect_colour_mask,
    inspect_files,
    inspect_image,
    inspect_mask,
    inspect_segment_mask,
)
from model_playground.datasets.mask_values import blended_masks
from model_playground.datasets.record_checks import record_findings
from model_playground.datasets.records import Revision
from model_playground.datasets.value_checks import value_findings

__all__ = ["check_revision", "image_fault", "mask_fault", "repeated", "revision_findings"]

Facts = TypeVar("Facts", ImageFacts, MaskFacts)


def check_revision(
    revision: Revision,
    *,
    dataset: str,
    advance: Advance | None,
    cache: FactsCache | None = None,
    imported: CheckReport | None = None,
) -> CheckReport:
    """Check a revision: its files against the records, and the records as a whole.

    Args:
        revision: the revision.
        dataset: the dataset's name, for the report.
        advance: told of the progress.
        cache: what is known of the files. A file is decoded again if its content is another.
        imported: what the import found; what only the source can show is repeated from it.
    """
    said = () if imported is None else repeated(imported)
    files = _Files(revision, cache, advance or (lambda stage, done, total: None))
    found = list(files.check())
    return CheckReport(
        dataset=dataset,
        items=revision.items.num_rows,
        findings=(*found, *said, *revision_findings(revision, files.images, said)),
    )


def revision_findings(
    revision: Revision, images: Mapping[str, ImageFacts], said: Sequence[Finding] = ()
) -> list[Finding]:
    """Say what records and images show; the same at the import and at every later check.

    Args:
        revision: the records.
        images: what was found in the images, by their paths in the records. Where none was looked
            into, outlines are not held against themselves either: that takes as long.
        said: what was found while reading, which need not be said again.
    """
    found = [
        *image_findings(images),
        *geometry_findings(revision),
        *(outline_findings(revision) if images else ()),
        *value_findings(revision),
        *record_findings(revision),
    ]
    told = {(one.kind, one.file, one.line) for one in said}
    unlabelled = {_stem(one.file) for one in said if one.kind in _TELL_OF_NO_LABELS}
    return [
        one
        for one in found
        if (one.kind, one.file, one.line) not in told
        and not (one.kind == "image_without_labels" and _stem(one.file) in unlabelled)
    ]


def repeated(imported: CheckReport) -> tuple[Finding, ...]:
    """Return what an import said and the records do not show: of the source, and left out."""
    return tuple(one for one in imported.findings if kind_of(one).read or one.decision == "dropped")


_TELL_OF_NO_LABELS = ("empty_annotation_file", "missing_annotation_file")


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]


class _Files:
    """The files of a revision: what they were at the import and what they are now."""

    def __init__(self, revision: Revision, cache: FactsCache | None, advance: Advance) -> None:
        self._revision = revision
        self._cache = cache
        self._advance = advance
        self.images: dict[str, ImageFacts] = {}  # those that can be used, by name
        self._masks: dict[str, MaskFacts] = {}

    def check(self) -> Iterator[Finding]:
        """Compare every file with what it was, and judge those that were never looked into."""
        root = self._revision.root
        if not root.is_dir():
            said = (
                f"the folder {root} does not exist: if it was moved, import it from where it is now"
            )
            yield _found("missing_folder", said, str(root))
            return
        yield from self._compared(
            "Checking images", self._expected_images(), inspect_image, self.images
        )
        in_colours = are_colours(self._revision.pixel_values)
        inspect = inspect_colour_mask if in_colours else inspect_mask
        if self._revision.has_segments:
            inspect = inspect_segment_mask
        yield from self._compared("Checking masks", self._expected_masks(), inspect, self._masks)
        yield from self._mask_faults()
        if not self._revision.has_segments:
            yield from blended_masks(self._masks, self._revision.pixel_values)

    def _compared(
        self,
        stage: str,
        expected: Mapping[str, str | None],
        inspect: Callable[[Path], Facts],
        usable: dict[str, Facts],
    ) -> Iterator[Finding]:
        paths = {name: str(located(self._revision.root, name)) for name in expected}
        facts = self._facts(inspect, list(paths.values()), stage)
        for name, content_hash in expected.items():
            fault = _file_fault(name, paths[name], facts[paths[name]], content_hash)
            if fault is None:
                usable[name] = facts[paths[name]]
            else:
                yield fault

    def _expected_images(self) -> dict[str, str | None]:
        """Return the content's hash at the import by name, None of what was not looked into."""
        items = self._revision.items
        expected = _pairs(items)
        for images in items["further_images"].drop_null().to_pylist():
            expected |= {image["path"]: image["content_hash"] for image in images}
        return expected

    def _expected_masks(self) -> dict[str, str | None]:
        annotations = self._revision.annotations
        return _pairs(annotations.filter(pc.equal(annotations["kind"], "mask_image")))

    def _facts(
        self, inspect: Callable[[Path], Facts], paths: list[str], stage: str
    ) -> dict[str, Facts]:
        """Look into files; what is known of one counts if its content is still the same."""
        known = {} if self._cache is None else self._cache.known(inspect, paths)
        hashes = inspect_files(hash_file, list(known), stage=stage, advance=self._advance)
        facts = {path: one for path, one in known.items() if one.content_hash == hashes[path]}
        rest = [path for path in paths if path not in facts]
        facts |= inspect_files(inspect, rest, stage=stage, advance=self._advance)
        if self._cache is not None and rest:
            self._cache.keep(inspect, {path: facts[path] for path in rest})
        return facts

    def _mask_faults(self) -> Iterator[Finding]:
        """Judge the masks that were not looked into when they were imported."""
        if not self._masks or self._revision.is_inspected:
            return
        class_ids = self._revision.pixel_values
        has_segments = self._revision.has_segments
        annotations = self._revision.annotations
        masks = annotations.filter(pc.equal(annotations["kind"], "mask_image"))
        places = pc.index_in(masks["item_id"], value_set=self._revision.items["item_id"])
        images = self._revision.items["path"].take(places).to_pylist()
        for name, image in zip(masks["path"].to_pylist(), images, strict=True):
            if image in self.images and name in self._masks:
                known = self._masks[name].pixels.keys() if has_segments else class_ids
                fault = mask_fault(name, self._masks[name], self.images[image], known)
                if fault is not None:
                    yield _found(fault.kind, fault.message, name)


def _pairs(table: pa.Table) -> dict[str, str | None]:
    columns = (table[name].to_pylist() for name in ("path", "content_hash"))
    return dict(zip(*columns, strict=True))


def _file_fault(
    name: str, path: str, facts: ImageFacts | MaskFacts, content_hash: str | None
) -> Finding | None:
    if not os.path.exists(path):
        return _found("vanished_file", f"{name} does not exist any more", name)
    if facts.fault:
        kind = "unreadable_image" if isinstance(facts, ImageFacts) else "unreadable_mask"
        return _found(kind, f"{name}: {facts.fault}", name)
    if content_hash and facts.content_hash != content_hash:
        said = f"{name} has changed since the import: import the dataset again"
        return _found("changed_file", said, name)
    return None


def _found(kind: str, message: str, file: str) -> Finding:
    """Return an error in what has been imported: the item stays."""
    return Finding(kind=kind, severity="error", message=message, decision="kept", file=file)
