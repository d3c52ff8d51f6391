"""What listings return: the same records for Python, the command line's --json and the page."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

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


class CheckReport(_Record):
    """What a check found, and how much it looked at."""

    dataset: str
    items: int
    findings: tuple[Finding, ...]
    recognised: str = ""  # of an import: how the files were read, and by what they were recognised

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)


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


class SplitRecord(_Record):
    """A split: every item of a revision in exactly one part."""

    name: str
    dataset: str
    task: str
    revision: str
    strategy: str  # random, listed, or grouped by a column
    seed: int | None
    counts: dict[str, int]  # items by part
    class_counts: dict[str, dict[str, int]]  # part → class → items
    created: datetime


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
