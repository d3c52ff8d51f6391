"""Splits: every item in exactly one part, by chance or by a list."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.core.records import PARTS, Finding, Part
from model_playground.datasets.delimited import DelimitedTable, is_datum, read_delimited
from model_playground.datasets.file_names import FileNames
from model_playground.datasets.findings import left_out
from model_playground.datasets.parts import ListedPart, part_of
from model_playground.datasets.records import ITEM_SCHEMA

DEFAULT_SHARES: Mapping[Part, float] = {"train": 70, "test": 20, "validation": 10}
