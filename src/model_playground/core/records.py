"""What listings return: the same records for Python, the command line's --json and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class ChoiceRecord(_Record):
    """A thing that can be chosen by name: solver, scheduler, augmentation, architecture, metric."""

    name: str
    title: str
    summary: str
    text: str = ""
    reference: str = ""
    parameters: dict[str, Any]  # JSON schema


class TaskRecord(_Record):
    """A task and its slots."""

    name: str
    title: str
    summary: str
    slots: tuple[str, ...]
    default_losses: dict[str, str]
    metrics: tuple[str, ...]
    architectures: tuple[str, ...]


class LossChoice(_Record):
    """A loss in the form's *Loss & metrics* section: can it be chosen here, and if not, why."""

    name: str
    class_name: str
    title: str
    state: Literal["valid", "discouraged", "refused"]
    reason: str
    summary: str
    formula: str  # LaTeX
    prefer: str
    avoid: str
    default: bool
    parameters: dict[str, Any]  # JSON schema


class SlotChoices(_Record):
    """All losses for one slot: valid first, then discouraged, then refused."""

    slot: str
    gives: str
    losses: tuple[LossChoice, ...]


class ExperimentForm(_Record):
    """Everything the new-experiment form shows, derived from the declarations."""

    task: str
    split: str
    training: dict[str, Any]  # JSON schema
    early_stopping: dict[str, Any]  # JSON schema
    architectures: tuple[ChoiceRecord, ...]
    backbones: dict[str, tuple[str, ...]]  # by architecture: suggestions, the default first
    slots: tuple[SlotChoices, ...]
    metrics: tuple[ChoiceRecord, ...]
    solvers: tuple[ChoiceRecord, ...]
    schedulers: tuple[ChoiceRecord, ...]
    augmentations: tuple[ChoiceRecord, ...]


class Finding(_Record):
    """One fault that a check found."""

    kind: str  # such as unreadable_image
    severity: Literal["error", "warning", "information"]
    message: str
    decision: Literal["kept", "clipped", "dropped", "blocks import"]
    file: str = ""
    line: int | None = None
    others: tuple[str, ...] = ()  # further files that it is about, such as copies of the first

    @property
    def text(self) -> str:
        """The message, behind the place that it is about unless it names that itself."""
        if self.line:
            return f"{self.file}:{self.line}: {self.message}"
        return self.message if self.file in self.message else f"{self.file}: {self.message}"


class FindingCount(_Record):
    """How many findings of a kind ended in one way."""

    kind: str
    severity: Literal["error", "warning", "information"]
    decision: Literal["kept", "clipped", "dropped", "blocks import"]
    count: int


def _counts(findings: Iterable[Finding]) -> tuple[FindingCount, ...]:
    order = ("error", "warning", "information")
    ends = Counter((one.severity, one.kind, one.decision) for one in findings)
    return tuple(
        FindingCount(kind=kind, severity=severity, decision=decision, count=count)
        for (severity, kind, decision), count in sorted(
            ends.items(), key=lambda one: (order.index(one[0][0]), one[0][1:])
        )
    )


class CheckReport(_Record):
    """What a check found, and how much it looked at."""

    dataset: str
    items: int
    findings: tuple[Finding, ...]
    recognised: str = ""  # of an import: how the files were read, and by what they were recognised
    counts: tuple[FindingCount, ...] = Field(
        default_factory=lambda told: _counts(told.get("findings", ())),
        description="how many findings there are of each kind and what was decided, errors first",
    )

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def losses(self) -> int:
        """How many findings are of something that was left out, in whole or in part."""
        return sum(finding.decision in ("dropped", "clipped") for finding in self.findings)


class ExportReport(_Record):
    """What an export wrote, and what the format could not hold."""

    folder: str
    format: str
    items: int
    annotations: int
    files: int  # images and masks, copied or linked
    findings: tuple[Finding, ...]


class DatasetRecord(_Record):
    """A dataset and its newest revision."""

    name: str
    task: str
    revision: str  # hash of the canonical records
    revision_number: int
    root: str
    format: str
    items: int
    classes: tuple[str, ...]
    class_counts: dict[str, int]  # images, or images that contain the class
    target_names: tuple[str, ...]
    columns: tuple[str, ...]  # further columns of the table, usable with --group-by
    created: datetime


class SplitPlan(_Record):
    """How a split is made: everything that is needed to make it again.

    Shares are per cent of the items. What is given to a part (by a list, by the parts that the
    files came in, by conditions) is given first, and the rest is drawn. What belongs together is
    given and drawn together, however the parts are chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: float = Field(default=70, title="Train, %", description="per cent to learn from")
    validation: float = Field(
        default=10, title="Validation, %", description="per cent to choose by"
    )
    test: float = Field(
        default=20, title="Test, %", description="per cent that stays sealed until the end"
    )
    seed: int = Field(default=0, title="Seed", description="the same seed gives the same split")
    where: str = Field(
        default="",
        title="Only items with",
        description="only the items that this holds for, such as status=DONE",
    )
    stratify: bool = Field(
        default=False,
        title="Stratify",
        description="keep the shares of the classes, or of the values' ranges, in each part",
    )
    stratify_by: tuple[str, ...] = Field(
        default=(),
        title="Stratify by columns",
        description="columns whose texts keep their shares in each part",
    )
    folds: int | None = Field(
        default=None,
        ge=2,
        le=100,
        title="Folds",
        description="this many splits, each with another fold as validation",
    )
    from_file: str | None = Field(
        default=None,
        title="From a list",
        description="a table or list of items and parts, or a folder of train.txt, val.txt, …",
    )
    own_partitions: bool = Field(
        default=False,
        title="As the files came",
        description="the parts that the files came in; only what has none is drawn",
    )
    give: tuple[str, ...] = Field(
        default=(),
        title="Given by folder, list or condition",
        description="all that a part gets: test=FOLDER/, test=@LIST.txt or test=CONDITION; "
        "test=50% of FOLDER/ takes a sample and leaves the rest out",
    )
    group_by: tuple[str, ...] = Field(
        default=(), title="Group by columns", description="columns whose equal values stay together"
    )
    group_pattern: str | None = Field(
        default=None,
        title="Group by a pattern",
        description="a regular expression of file names: what it has in parentheses tells groups",
    )
    series: bool = Field(
        default=True,
        title="Keep series together",
        description="keep series of file names together, unless groups are named",
    )
    near_duplicates: bool = Field(
        default=True,
        title="Keep near-duplicates together",
        description="keep near-duplicate images together",
    )
    large_groups: bool = Field(
        default=False,
        title="Keep large groups together",
        description="keep found groups above 5 % of the items together, too",
    )
    allow_leaks: bool = Field(
        default=False,
        title="Allow leaks",
        description="let what is given divide groups; every experiment will show it",
    )


LeakKind = Literal["same file", "same content", "near duplicate", "same group"]


class SplitLeak(_Record):
    """What the parts of a split share, though they should have nothing in common."""

    kind: LeakKind
    groups: int  # how many groups of items that are the same are divided
    parts: tuple[Part, ...]  # the parts that are concerned
    examples: tuple[str, ...]  # two files of each of the first few groups

    @property
    def sentence(self) -> str:
        """Say what is shared."""
        of = {
            "same file": "the same file",
            "same content": "images with the same content",
            "near duplicate": "near-duplicate images",
            "same group": "items of one group",
        }[self.kind]
        groups = f"{self.groups:,} groups" if self.groups > 1 else "1 group"
        return f"{' and '.join(self.parts)} share {of} ({groups}), such as {self.examples[0]}"


class SplitReport(_Record):
    """What is to be known of a split before the figures of its experiments are believed."""

    ranges: dict[str, dict[str, int]] = {}  # part → range of a value → items
    largest_distance: dict[str, float] = {}
    """Of each part: over all classes or ranges of values, the largest difference between the
    share of the part's items that have it and the share of all items, in percentage points."""
    mean_distance: dict[str, float] = {}  # the mean of these differences
    checked: tuple[LeakKind, ...] = ()  # what was looked for
    leaks: tuple[SplitLeak, ...] = ()
    left_out: int = 0  # items of the revision that are in no part
    notes: tuple[str, ...] = ()  # what was grouped, what was not and why


class SplitRecord(_Record):
    """A split: items of a revision, each in exactly one part. It never changes."""

    name: str
    dataset: str
    task: str
    revision: str
    strategy: str  # such as "stratified, grouped by near-duplicates"
    seed: int | None
    counts: dict[str, int]  # items by part
    class_counts: dict[str, dict[str, int]]  # part → class → items
    fold: int | None = None  # which of the plan's folds is the validation part, from 1
    plan: SplitPlan | None = None  # None, as the report: made before plans were kept
    report: SplitReport | None = None
    created: datetime


class SplitForm(_Record):
    """Everything that the form of a new split shows, of one dataset."""

    dataset: str
    plan: dict[str, Any]  # JSON schema, with the dataset's columns to choose from
    items: int
    partitions: dict[str, int]  # items by the parts that the files came in; empty without any
    unpartitioned: str  # why there are none
    folders: tuple[str, ...]  # that hold items, to be given to a part; the first of them
    fields: tuple[str, ...]  # what a condition can ask of an item
    is_inspected: bool  # whether the images were looked into: else none can be compared
    is_compared: bool  # whether near-duplicates are known already: else they are looked for first


RunState = Literal["queued", "running", "finished", "stopped_early", "interrupted", "failed"]


class RunRecord(_Record):
    """One run of an experiment: one seed."""

    id: str
    seed: int
    state: RunState
    epochs_done: int
    best_epoch: int | None
    monitor: str
    figures: dict[str, float | None]  # every series at the best epoch
    message: str
    started: datetime | None
    finished: datetime | None


class ExperimentRecord(_Record):
    """An experiment: a specification and its runs."""

    name: str
    dataset: str
    split: str
    task: str
    architecture: str
    backbone: str
    losses: dict[str, str]
    state: RunState
    runs: tuple[RunRecord, ...]
    test_openings: int
    leaks: tuple[str, ...] = ()  # what the parts of its split share: its figures may flatter
    specification: dict[str, Any]
    created: datetime


class SeriesPoint(_Record):
    """One stored point of a series."""

    series: str
    epoch: int
    step: int
    images_seen: int
    value: float | None
    state: str


class RunSeries(_Record):
    """All points of a run, and its verdicts."""

    run: str
    seed: int
    points: tuple[SeriesPoint, ...]
    notices: tuple[str, ...]


class ComparedSeries(_Record):
    """One figure in two or more experiments: mean over seeds, and the difference to the first."""

    series: str
    means: tuple[float | None, ...]
    spreads: tuple[float | None, ...]  # standard deviation over seeds; None with one seed
    differences: tuple[float | None, ...]  # to the first experiment
    intervals: tuple[tuple[float, float] | None, ...]  # 95 % of the difference; None with one seed
    verdicts: tuple[str, ...]
    """For each "higher", "lower", "within noise", "one seed: no interval" or "another loss: not
    comparable"; empty for the first and where there is no value."""


class Comparison(_Record):
    """Experiments side by side: what differs in their specifications and their figures."""

    experiments: tuple[str, ...]
    runs: tuple[int, ...]  # how many ended by themselves, and so are counted, in each
    differing: dict[str, tuple[str, ...]]  # field of the specification → value in each
    figures: tuple[ComparedSeries, ...]


class TestReport(_Record):
    """The sealed test part, opened: the count says how often."""

    __test__ = False  # not a test class

    experiment: str
    opened: int
    runs: dict[str, dict[str, float | None]]  # run → series → value


class CertificateCheck(_Record):
    """One thing that a loss has to be or to do, and what was found when it was tried."""

    name: str
    title: str
    state: Literal["passed", "failed", "measured", "not applicable", "not tried"]
    found: str  # a sentence with the measured figures, or the fault, or why it does not apply
    figures: dict[str, float]


class LossCertificate(_Record):
    """All checks of a loss."""

    loss: str
    class_name: str
    parameters: dict[str, Any]  # those it was checked with, besides its defaults
    passed: bool
    checks: tuple[CertificateCheck, ...]
