"""Conditions on items: `class=cat and status!=SKIPPED and width>=100`. Nothing is ever executed.

    condition   all of these:   one "or" one …        one is joined by "and" before "or"
    one         "not" one       ( condition )         FIELD SIGN VALUE
    sign        =  !=  <  <=  >  >=   and  ~  for a regular expression

Fields and values with spaces or signs in them are put in quotes: `"volume (mm)">=20`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.datasets.records import OBJECT_KINDS, STATUSES, Revision

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

_OWN_FIELDS = ("class", "tag", "status", "folder", "path", "width", "height", "objects")
_MOST_TOKENS = 500

_TOKEN = re.compile(
    r"""\s*(?: (?P<bracket>[()]) | (?P<sign>!=|<=|>=|==|=|<|>|~)
    | "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<word>[^\s()=!<>~"']+) )""",
    re.VERBOSE,
)

_ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, eq=False)
class ItemFields:
    """What conditions can ask of the items of a revision.

    Args:
        revision: the revision.
        statuses: the status of each item by id, where it is not NEW.
        tags: the tags of each item by id, besides those of its labels.
    """

    revision: Revision
    statuses: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.revision.items.num_rows)

    @property
    def names(self) -> list[str]:
        """The names of all fields; a column of the user's comes after one of ours."""
        return [*_OWN_FIELDS, *self.revision.target_names, *self.revision.columns]

    def texts(self, name: str) -> pa.Array:
        """Return the texts that a field has, one for each item."""
        if name == "status":
            ids = self.revision.item_ids
            return pa.array([self.statuses.get(one, "NEW") for one in ids], pa.string())
        column = self.revision.items[name].combine_chunks()
        return column.cast(pa.string())

    def numbers(self, name: str) -> NDArray[np.float64] | None:
        """Return the numbers that a field has, NaN for none; nothing if it is a text."""
        if name in ("width", "height"):
            column = self.revision.items[name].combine_chunks()
            return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
        if name == "objects":
            counted = pc.is_in(self._kinds, pa.array(OBJECT_KINDS))
            rows = self.rows(self.revision.annotations["item_id"].filter(counted))
            return np.bincount(rows, minlength=len(self)).astype(np.float64)
        if name not in self.revision.target_names:
            return None
        annotations = self.revision.annotations
        told = pc.and_(pc.equal(self._kinds, "value"), pc.equal(annotations["name"], name))
        values = np.full(len(self), np.nan)
        values[self.rows(annotations["item_id"].filter(told))] = annotations["value"].filter(told)
        return values

    def with_class(self, name: str, *, kinds: Sequence[str] | None = None) -> Mask:
        """Return which items have a class, be it by one of some kinds of annotations."""
        known = {one.name: one.index for one in self.revision.classes}
        annotations = self.revision.annotations
        told = pc.equal(annotations["class_index"], known.get(name, -1)).fill_null(False)
        if kinds is not None:
            told = pc.and_(told, pc.is_in(self._kinds, pa.array(kinds)))
        return self._mask(self.rows(annotations["item_id"].filter(told)))

    def with_tag(self, tag: str) -> Mask:
        """Return which items have a tag, given by hand or by their labels."""
        ids = [one for one, tags in self.tags.items() if tag in tags]
        by_hand = self.rows(pa.chunked_array([pa.array(ids, pa.string())]))
        return self._mask(by_hand[by_hand >= 0]) | self.with_class(tag, kinds=("tag",))

    def known(self, name: str) -> Iterable[str] | None:
        """Return all values that a field can have, if these are few and known beforehand."""
        classes = [one.name for one in self.revision.classes]
        tags = {tag for tags in self.tags.values() for tag in tags}
        return {"class": classes, "tag": [*classes, *tags], "status": STATUSES}.get(name)

    def rows(self, item_ids: pa.ChunkedArray) -> Ints:
        """Return the rows of some items; -1 for an item that the revision lacks."""
        ids = self.revision.items["item_id"].combine_chunks()
        return np.asarray(pc.index_in(item_ids, value_set=ids).fill_null(-1), np.int64)

    @property
    def _kinds(self) -> pa.ChunkedArray:
        return self.revision.annotations["kind"]

    def _mask(self, rows: Ints) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        mask[rows] = True
        return mask


def items_that(condition: str, fields: ItemFields) -> Mask:
    """Return which items a condition holds for.

    An item may have several classes and tags: `class=cat` holds if one of them is the cat,
    `class!=cat` if none is. `folder=a/b` holds for what lies below it, too.

    Raises:
        InvalidError: the condition cannot be read, or compares what cannot be compared.
        NotFoundError: there is no such field, class, tag or status.
    """
    return _Reading(condition, fields).mask


class _Reading:
    """A condition being read from left to right."""

    def __init__(self, text: str, fields: ItemFields) -> None:
        self._text = text
        self._fields = fields
        self._tokens = self._split()
        self._place = 0

    @cached_property
    def mask(self) -> Mask:
        mask = self._any()
        if self._next is not None:
            raise self._refused(f"{self._next!r} stands where its end was expected")
        return mask

    def _split(self) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        place, text = 0, self._text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None or len(tokens) == _MOST_TOKENS:
                why = "it is too long" if match else f"{text[place:].strip()[:20]!r} is unclear"
                raise self._refused(why)
            kind = str(match.lastgroup)
            tokens.append((kind, match[kind]))
            place = match.end()
        return tokens

    def _refused(self, why: str) -> InvalidError:
        return InvalidError(
            "condition.refused",
            "the condition {text!r} is refused: {why}. Write it like class=cat and width>=100, "
            "with quotes around what has spaces; the fields are {fields}",
            text=self._text,
            why=why,
            fields=", ".join(self._fields.names[:40]),
        )

    @property
    def _next(self) -> str | None:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else None

    def _take(self, kind: str, *texts: str) -> bool:
        """Pass over a token if it is the next: a quoted "and" is no `and`."""
        found = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        if found[0] != kind or found[1].lower() not in texts:
            return False
        self._place += 1
        return True

    def _any(self) -> Mask:
        mask = self._all()
        while self._take("word", "or"):
            mask = mask | self._all()
        return mask

    def _all(self) -> Mask:
        mask = self._one()
        while self._take("word", "and"):
            mask = mask & self._one()
        return mask

    def _one(self) -> Mask:
        turned = False
        while self._take("word", "not"):
            turned = not turned
        if self._take("bracket", "("):
            mask = self._any()
            if not self._take("bracket", ")"):
                raise self._refused("a bracket is not closed")
        else:
            mask = self._comparison()
        return ~mask if turned else mask

    def _comparison(self) -> Mask:
        some = self._tokens[self._place : self._place + 3]
        if [kind in ("sign", "bracket") for kind, _ in some] != [False, True, False]:
            said = " ".join(text for _, text in some)
            raise self._refused(f"a field, a sign and a value were expected, not {said!r}")
        (_, name), (_, sign), (_, value) = some
        if name not in self._fields.names:
            raise unknown_name("field", name, self._fields.names)
        self._place += 3
        sign = "=" if sign == "==" else sign
        if sign == "!=":
            return ~self._compared(name, "=", value)
        return self._compared(name, sign, value)

    def _compared(self, name: str, sign: str, value: str) -> Mask:
        if name in ("class", "tag"):
            if sign != "=":
                raise self._refused(f"a {name} is compared by = and != only")
            self._check_known(name, value)
            fields = self._fields
            return fields.with_class(value) if name == "class" else fields.with_tag(value)
        if name == "folder":
            if sign != "=":
                raise self._refused("a folder is compared by = and != only; compare path by ~")
            return _lies_in(self._fields.texts("path"), value)
        numbers = self._fields.numbers(name)
        if numbers is None:
            return self._texts_compared(name, sign, value)
        if sign == "~":
            raise self._refused(f"{name} is a number, and ~ looks into texts")
        return np.asarray(_ORDERS[sign](numbers, self._number(name, value)))

    def _texts_compared(self, name: str, sign: str, value: str) -> Mask:
        texts = self._fields.texts(name)
        if sign == "~":
            try:
                return _filled(pc.match_substring_regex(texts, value))
            except pa.ArrowInvalid as error:
                raise self._refused(str(error).splitlines()[0]) from None
        if sign == "=":
            value = value.upper() if name == "status" else value
            self._check_known(name, value)
            return _filled(pc.equal(texts, value))
        return np.asarray(_ORDERS[sign](self._as_numbers(name, texts), self._number(name, value)))

    def _check_known(self, name: str, value: str) -> None:
        known = self._fields.known(name)
        if known is not None and value not in known:
            raise unknown_name(name, value, known)

    def _number(self, name: str, value: str) -> float:
        try:
            return float(value)
        except ValueError:
            raise self._refused(f"{name} is compared with a number, not {value!r}") from None

    def _as_numbers(self, name: str, texts: pa.Array) -> NDArray[np.float64]:
        """Read a column of texts as numbers; an empty cell is none, and compares as false."""
        trimmed = pc.utf8_trim_whitespace(texts)
        filled = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
        try:
            return np.asarray(filled.cast(pa.float64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            raise self._refused(f"{name} holds texts, which have no order here") from None


def _lies_in(paths: pa.Array, folder: str) -> Mask:
    return _filled(pc.starts_with(paths, folder.replace("\\", "/").strip("/") + "/"))


def _filled(mask: pa.Array) -> Mask:
    return np.asarray(mask.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
