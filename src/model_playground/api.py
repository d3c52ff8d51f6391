"""The Python API: everything a door can do. Heavy imports are inside the functions.

from model_playground.api import Playground

playground = Playground("workspace")
playground.import_dataset("photos", name="fruit", task="classification")
playground.create_split("fruit", name="fruit-1")
record = playground.run_experiment(
    Specification(split="fruit-1", task="classification", architecture="timm",
                  losses={"class": "focal(gamma=2)"}, weights="none"))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from model_playground.core.contracts import Facts, LossDeclaration
from model_playground.core.errors import InvalidError, unknown_name
from model_playground.core.events import Emit, Event
from model_playground.core.expression import parse_losses, parse_slot
from model_playground.core.loss_records import ComparedLosses, LossAdvice, LossExplanation
from model_playground.core.records import (
    CheckReport,
    ChoiceRecord,
    Comparison,
    DatasetRecord,
    ExperimentForm,
    ExperimentRecord,
    ExportReport,
    LossCertificate,
    RunSeries,
    SlotChoices,
    SplitForm,
    SplitPlan,
    SplitRecord,
    TaskRecord,
    TestReport,
)

if TYPE_CHECKING:
    from model_playground.core.dataset_records import (
        DatasetStatistics,
        FindingKindRecord,
        FormatRecord,
    )
    from model_playground.core.specification import Specification
    from model_playground.store.workspace import Workspace
    from model_playground.training.inference import Prediction

Advance = Callable[[str, int, int], None]
"""Told of the progress of long work: the stage, how much is done, how much there is."""


class Playground:
    """A workspace and all that can be done in it.

    Args:
        workspace: its folder; else PLAYGROUND_WORKSPACE, else ./.playground. It is made when
            something is first written.
        plugins: files with losses of one's own.
        notify: told what is being done when that takes seconds, such as importing torch.
    """

    def __init__(
        self,
        workspace: str | Path | None = None,
        *,
        plugins: Sequence[str | Path] = (),
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self._folder = workspace
        self._opened: Workspace | None = None
        self.plugins = tuple(Path(plugin).resolve() for plugin in plugins)
        self.notify = notify or (lambda message: None)

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""
        return self._workspace.folder

    @property
    def _workspace(self) -> Workspace:
        # Opened late: what lists losses needs no database.
        if self._opened is None:
            from model_playground.store.workspace import Workspace

            self._opened = Workspace(self._folder)
        return self._opened

    # Datasets

    def list_formats(self) -> list[FormatRecord]:
        """List the formats that labelled images can come in, as they declare themselves."""
        from model_playground.work.dataset_reports import format_records

        return format_records()

    def list_finding_kinds(self) -> list[FindingKindRecord]:
        """List what an import or a check can find, with what to do about it."""
        from model_playground.work.dataset_reports import finding_kind_records

        return finding_kind_records()

    def import_dataset(
        self,
        path: str | Path,
        *,
        name: str,
        task: str | None = None,
        format: str | None = None,
        image_columns: Sequence[str] = (),
        target_columns: Sequence[str] = (),
        tag_separator: str | None = None,
        sheets: Sequence[str] = (),
        class_table: str | Path | None = None,
        drop_faulty: bool = False,
        follow_links: bool = False,
        inspect: bool = True,
        copy: bool = False,
        strict: bool = False,
        advance: Advance | None = None,
    ) -> tuple[DatasetRecord, CheckReport]:
        """Import labelled images, which stay where they are, and say what was found in them.

        What was found in an image is kept until its file changes: an import that was interrupted,
        or is made again, looks only into what is new.

        Args:
            path: a folder, a table or a class table.
            name: the dataset's name; an existing one gets a new revision.
            task: what the labels are for, where the files leave it open.
            format: how the labels stand on disk; recognised if None.
            image_columns: of a table, the column with the image files, or those with the files of
                one item.
            target_columns: of a table, the column with the class or the tags, or those with the
                values.
            tag_separator: of a table, what divides the tags in a cell.
            sheets: of a spreadsheet, which of its sheets.
            class_table: of masks, the table of pixel value → class name.
            drop_faulty: leave out items that cannot be used instead of refusing the import.
            follow_links: read what links out of the dataset's folder point to.
            inspect: look into every image now, else when `inspect_dataset` is called.
            copy: copy images and masks into the workspace, and read these from then on.
            strict: refuse to leave anything out, in whole or in part.
            advance: told of the progress.

        Raises:
            InvalidError: the path, a table or an image cannot be read, or the labels are unclear.
        """
        from model_playground.datasets.formats.format import ReadOptions
        from model_playground.work import importing

        options = ReadOptions(
            format=format,
            image_columns=tuple(image_columns),
            target_columns=tuple(target_columns),
            tag_separator=tag_separator,
            sheets=tuple(sheets),
            class_table=None if class_table is None else Path(class_table),
            drop_faulty=drop_faulty,
            follow_links=follow_links,
        )
        return importing.import_dataset(
            self._workspace,
            Path(path),
            name=name,
            task=task,
            options=options,
            inspect=inspect,
            copy=copy,
            strict=strict,
            advance=advance,
        )

    def inspect_dataset(
        self, name: str, *, drop_faulty: bool = False, advance: Advance | None = None
    ) -> tuple[DatasetRecord, CheckReport]:
        """Import a dataset again from where it came, and look into every image that is new.

        Args:
            name: the dataset's name.
            drop_faulty: leave out items that cannot be used instead of refusing.
            advance: told of the progress.

        Raises:
            NotFoundError: there is no such dataset, or its source is not known any more.
            InvalidError: items cannot be used.
        """
        from model_playground.work import importing

        return importing.inspect_dataset(
            self._workspace, name, drop_faulty=drop_faulty, advance=advance
        )

    def join_datasets(
        self, parts: Sequence[str], *, name: str, advance: Advance | None = None
    ) -> tuple[DatasetRecord, CheckReport]:
        """Make one dataset of the newest revisions of several; no file is copied.

        Classes of one name become one class, and the column `dataset` says where an item comes
        from: a split can give whole datasets to a part (`test=dataset=b`) or choose among them.
        Joined again under the same name, it becomes that dataset's newest revision.

        Args:
            parts: the names of the datasets, two or more.
            name: the name of the joined one.
            advance: told of the progress.

        Raises:
            NotFoundError: there is no dataset of one of the names.
            InvalidError: what they say does not go together.
        """
        from model_playground.work import importing

        return importing.join_datasets(self._workspace, parts, name=name, advance=advance)

    def list_datasets(self) -> list[DatasetRecord]:
        """List the datasets with their newest revisions."""
        from model_playground.store.datasets import list_datasets

        return list_datasets(self._workspace.store)

    def get_dataset(self, name: str) -> DatasetRecord:
        """Return a dataset's newest revision."""
        from model_playground.store.datasets import get_dataset

        return get_dataset(self._workspace.store, name)

    def export_dataset(
        self,
        name: str,
        folder: str | Path,
        *,
        format: str,
        split: str | None = None,
        with_images: bool = True,
        link: bool = False,
        advance: Advance | None = None,
    ) -> ExportReport:
        """Write a dataset in a format: labels, and copies of the images beside them.

        The export is there as a whole or not at all. What the format cannot hold is told before
        anything is written, and stands in the report.

        Args:
            name: the dataset's name.
            folder: where to; there is nothing yet, or an empty folder.
            format: a format that can be written, such as `coco`, `yolo` or `model_playground`.
            split: write the revision that this split pins, with its parts.
            with_images: copy the images too.
            link: make hard links instead of copies where both are on one disk.
            advance: told of the progress.

        Raises:
            NotFoundError: there is no such dataset, split or format.
            InvalidError: the folder is not empty, an image cannot be read, or the format cannot
                be written.
        """
        from model_playground.work import datasets

        return datasets.export_dataset(
            self._workspace,
            name,
            Path(folder),
            format=format,
            split=split,
            with_images=with_images,
            link=link,
            notify=self.notify,
            advance=advance,
        )

    def dataset_statistics(self, name: str) -> DatasetStatistics:
        """Return a dataset's figures: classes, sizes, objects per image, where they are."""
        from model_playground.work.dataset_reports import dataset_statistics

        return dataset_statistics(self._workspace, name)

    def import_report(self, name: str) -> CheckReport | None:
        """Return what the import of a dataset's newest revision found; None if it was not kept."""
        from model_playground.work.dataset_reports import import_report

        return import_report(self._workspace, name)

    def write_dataset_page(self, name: str, path: str | Path) -> None:
        """Write a dataset's figures and some of its items, annotated, as one HTML file.

        Args:
            name: the dataset's name.
            path: the file, which ends in .html.

        Raises:
            NotFoundError: there is no such dataset.
            InvalidError: the file cannot stand there.
        """
        from model_playground.work.dataset_reports import write_dataset_page

        write_dataset_page(self._workspace, name, Path(path))

    def write_contact_sheet(self, name: str, path: str | Path, *, items: int = 24) -> None:
        """Write some of a dataset's items, annotated, side by side as one PNG.

        Args:
            name: the dataset's name.
            path: the file, which ends in .png.
            items: how many.

        Raises:
            NotFoundError: there is no such dataset.
            InvalidError: the file cannot stand there.
        """
        from model_playground.work.dataset_reports import write_contact_sheet

        missing = write_contact_sheet(self._workspace, name, Path(path), items=items)
        if missing:
            self.notify(
                f"No font on this machine has {missing}: these characters are drawn as squares"
            )

    def check_dataset(
        self, name: str, *, html: str | Path | None = None, advance: Advance | None = None
    ) -> CheckReport:
        """Check a dataset against its files, which may have changed since the import.

        Args:
            name: the dataset's name.
            html: write what was found, with the images in question, to this file too; its name
                ends in .html.
            advance: told of the progress.

        Raises:
            NotFoundError: there is no such dataset.
            InvalidError: the HTML file cannot stand there.
        """
        from model_playground.work import datasets

        page = None if html is None else Path(html)
        return datasets.check_dataset(self._workspace, name, html=page, advance=advance)

    def check_source(
        self,
        path: str | Path,
        *,
        task: str | None = None,
        format: str | None = None,
        image_columns: Sequence[str] = (),
        target_columns: Sequence[str] = (),
        tag_separator: str | None = None,
        sheets: Sequence[str] = (),
        class_table: str | Path | None = None,
        follow_links: bool = False,
        html: str | Path | None = None,
        advance: Advance | None = None,
    ) -> CheckReport:
        """Say all that an import would find, also where it refuses; nothing is imported.

        Args:
            path: a folder, a table or a class table.
            task: what the labels are for, where the files leave it open.
            format: how the labels stand on disk; recognised if None.
            image_columns: of a table, as `import_dataset` has it; the following are so too.
            target_columns: of a table.
            tag_separator: of a table.
            sheets: of a spreadsheet.
            class_table: of masks.
            follow_links: read what links out of the dataset's folder point to.
            html: as `check_dataset` has it.
            advance: told of the progress.

        Raises:
            NotFoundError: there is no such path, task or format.
            InvalidError: the path is laid out in no way that is known, its labels are unclear, or
                the HTML file cannot stand there.
        """
        from model_playground.datasets.formats.format import ReadOptions
        from model_playground.work import importing

        options = ReadOptions(
            format=format,
            image_columns=tuple(image_columns),
            target_columns=tuple(target_columns),
            tag_separator=tag_separator,
            sheets=tuple(sheets),
            class_table=None if class_table is None else Path(class_table),
            follow_links=follow_links,
        )
        return importing.check_source(
            self._workspace,
            Path(path),
            task=task,
            options=options,
            html=None if html is None else Path(html),
            advance=advance,
        )

    # Splits

    def create_split(
        self,
        dataset: str,
        *,
        name: str,
        plan: SplitPlan | None = None,
        advance: Advance | None = None,
    ) -> SplitRecord:
        """Put items of a dataset into train, validation and test, each into one part.

        What is the same or nearly so stays in one part; images are compared for it when that is
        asked for first.

        Args:
            dataset: the dataset's name.
            name: the split's name, new in the workspace.
            plan: how it is made; by default 70, 10 and 20 per cent at random.
            advance: told of the progress.

        Raises:
            InvalidError: the shares do not add up to 100, a part would be empty, or what is given
                to parts does not fit the dataset or divides what belongs together.
            NotFoundError: there is no such dataset, column, field, class, tag or status.
        """
        from model_playground.work import splits

        return splits.create_split(
            self._workspace,
            dataset,
            name=name,
            plan=plan or SplitPlan(),
            notify=self.notify,
            advance=advance,
        )

    def create_folds(
        self, dataset: str, *, name: str, plan: SplitPlan, advance: Advance | None = None
    ) -> list[SplitRecord]:
        """Make a split for each fold of a plan: each fold is the validation part of one.

        Args:
            dataset: the dataset's name.
            name: what the names of the splits begin with.
            plan: how they are made, with the number of folds.
            advance: told of the progress.

        Raises:
            InvalidError: as of `create_split`, or the plan has no folds.
            NotFoundError: as of `create_split`.
        """
        from model_playground.work import splits

        return splits.create_folds(
            self._workspace, dataset, name=name, plan=plan, notify=self.notify, advance=advance
        )

    def export_split(self, name: str, folder: str | Path) -> list[Path]:
        """Write train.txt, validation.txt and test.txt with the paths of a split's items.

        Args:
            name: the split's name.
            folder: a new or an empty folder.

        Raises:
            InvalidError: the folder holds something already or cannot be written.
            NotFoundError: there is no such split.
        """
        from model_playground.work import splits

        return splits.export_split(self._workspace, name, Path(folder))

    def split_form(self, dataset: str) -> SplitForm:
        """Return everything that the form of a new split shows.

        Args:
            dataset: the dataset's name.

        Raises:
            NotFoundError: there is no such dataset.
        """
        from model_playground.work import splits

        return splits.split_form(self._workspace, dataset)

    def split_group_sheets(self, name: str) -> list[Path]:
        """Return the pictures of the large groups that a split was told of.

        Raises:
            NotFoundError: there is no such split.
        """
        from model_playground.work import splits

        return splits.group_sheets(self._workspace, name)

    def list_splits(self) -> list[SplitRecord]:
        """List the splits."""
        from model_playground.store.splits import list_splits

        return list_splits(self._workspace.store)

    def get_split(self, name: str) -> SplitRecord:
        """Return a split."""
        from model_playground.store.splits import get_split

        return get_split(self._workspace.store, name)

    # What can be chosen

    def list_losses(self) -> list[LossDeclaration]:
        """List all losses, the user's own last."""
        return list(self._catalogue().values())

    def get_loss(self, name: str) -> LossDeclaration:
        """Return what is known of a loss."""
        catalogue = self._catalogue()
        if name not in catalogue:
            raise unknown_name("loss", name, catalogue)
        return catalogue[name]

    def explain_loss(self, name: str) -> LossExplanation:
        """Return what is known of a loss and what follows from it, such as where it is valid."""
        from model_playground.insights.loss_explanation import explained

        return explained(self.get_loss(name), self._catalogue())

    def loss_choices(
        self, task: str | None = None, *, split: str | None = None
    ) -> list[SlotChoices]:
        """Say for each slot which losses can be chosen, and why the others cannot.

        Args:
            task: the task; that of the split if None.
            split: for the classes of this split; without it, for three classes.
        """
        from model_playground.tasks.task import get_task
        from model_playground.work.choices import slot_choices

        if split is None:
            facts = Facts(classes=("class 1", "class 2", "class 3"), target_names=("value",))
        else:
            facts, task = self._facts(split), task or self.get_split(split).task
        return slot_choices(get_task(task or ""), facts, self._catalogue())

    def advise_losses(self, task: str | None = None, *, dataset: str | None = None) -> LossAdvice:
        """Say which losses suit a task and a dataset, with reasons, and evidence where stored.

        Args:
            task: the task; what the dataset's labels are for if None.
            dataset: whose records are measured: imbalance, small regions, outliers, …; without
                one the advice says which losses were made for what.

        Raises:
            NotFoundError: there is no such task or dataset.
            InvalidError: neither is named, or the dataset has no labels for the task.
        """
        from model_playground.work.advice import advise_losses

        return advise_losses(self._workspace, self._catalogue(), task=task, dataset=dataset)

    def plot_loss(
        self, loss: str, path: str | Path, *, vary: str | None = None, dark: bool = False
    ) -> Path:
        """Draw a loss and its slope as a prediction moves, and return where the picture is.

        Args:
            loss: a loss as everywhere, such as `focal` or `focal(alpha=[1, 2])`.
            path: where to write it, as PNG or SVG.
            vary: a parameter and its values, such as `gamma=0,1,2`; else its first number.
            dark: in the colours for dark pages.

        Raises:
            NotFoundError: no loss or parameter has that name.
            InvalidError: a parameter is refused, or the picture cannot be written.
        """
        catalogue = self._catalogue()
        self._import_losses()
        from model_playground.insights.loss_comparison import plot

        plot(loss, catalogue, Path(path), vary=vary, dark=dark)
        return Path(path)

    def compare_losses(
        self, losses: Sequence[str], *, picture: str | Path | None = None, dark: bool = False
    ) -> ComparedLosses:
        """Set losses side by side: formulas, parameters, where they are valid, and their values.

        Args:
            losses: two or more, as everywhere.
            picture: where to draw them, as PNG or SVG.
            dark: in the colours for dark pages.

        Raises:
            NotFoundError: no loss has that name.
            InvalidError: no prediction is read by all of them.
        """
        catalogue = self._catalogue()
        self._import_losses()
        from model_playground.insights.loss_comparison import compare

        out = None if picture is None else Path(picture)
        return compare(losses, catalogue, out=out, dark=dark)

    def check_loss(self, loss: str | Path) -> list[LossCertificate]:
        """Try everything that a loss has to be and to do, and say what was found.

        Args:
            loss: a loss as everywhere, such as `focal(gamma=0.5)`, or a Python file with losses
                of one's own, each of which is tried.

        Raises:
            NotFoundError: no loss has that name.
            InvalidError: the file cannot be used, or the text is no single loss.
        """
        self._import_losses()
        from model_playground.losses.certificate import certify_file, certify_named

        if Path(loss).suffix == ".py":
            return certify_file(Path(loss))
        return [certify_named(str(loss))]

    def list_tasks(self) -> list[TaskRecord]:
        """List the tasks with their slots."""
        from model_playground.work.choices import task_records

        return task_records()

    def list_architectures(self, task: str | None = None) -> list[ChoiceRecord]:
        """List the architectures, or those that do a task."""
        from model_playground.tasks.task import get_task
        from model_playground.work.choices import architecture_choices

        return architecture_choices(None if task is None else get_task(task).name)

    def default_architecture(self, task: str) -> str:
        """Return the architecture that is used where none is named: the first for the task."""
        return self.list_architectures(task)[0].name

    def losses_by_slot(self, task: str, texts: Sequence[str]) -> dict[str, str]:
        """Read `--loss` texts: `slot=expression`, or an expression where there is one slot.

        Raises:
            InvalidError: a slot is missing where there are several, or is named twice.
        """
        from model_playground.tasks.task import get_task

        slots = [slot.name for slot in get_task(task).slots(Facts(classes=("a", "b")))]
        found: dict[str, str] = {}
        for text in texts:
            slot, expression = parse_slot(text)
            if slot is None and len(slots) > 1:
                raise InvalidError(
                    "loss.slot_missing",
                    "{text!r} needs a slot before it, such as {slot}={text}",
                    text=text,
                    slot=slots[0],
                )
            slot = slot or slots[0]
            if slot in found:
                raise InvalidError(
                    "loss.slot_twice",
                    "the slot {slot} is given two losses; write their sum: {slot}={one} + {two}",
                    slot=slot,
                    one=found[slot],
                    two=expression,
                )
            parse_losses(expression)
            found[slot] = expression
        return found

    def experiment_form(self, split: str, *, task: str | None = None) -> ExperimentForm:
        """Derive the new-experiment form for a split from the declarations."""
        from model_playground.tasks.task import TASKS, get_task, untrainable
        from model_playground.work.choices import experiment_form

        record = self.get_split(split)
        if record.task not in TASKS:
            raise untrainable(f"the split {split!r}", [record.task])
        return experiment_form(
            split, get_task(task or record.task), self._facts(split), self._catalogue()
        )

    # Experiments

    def validate(self, specification: Specification) -> Specification:
        """Return the specification with every default filled in, or raise what is wrong with it."""
        from model_playground.work import experiments

        return experiments.resolve(
            self._workspace,
            specification,
            catalogue=self._catalogue(),
            plugins=self.plugins,
            notify=self.notify,
        )

    def create_experiment(self, specification: Specification) -> ExperimentRecord:
        """Validate, store and queue an experiment; a worker will run it."""
        from model_playground.work import experiments

        return experiments.queue(self._workspace, self.validate(specification))

    def run_experiment(
        self, specification: Specification, *, emit: Emit | None = None
    ) -> ExperimentRecord:
        """Validate and store an experiment and run it here and now.

        Args:
            specification: what to run.
            emit: told everything that happens, besides the store.
        """
        from model_playground.work import experiments

        resolved = self.validate(specification)
        self.notify("Importing PyTorch and the models' libraries…")
        return experiments.run_here(self._workspace, resolved, emit=emit)

    def stop_experiment(self, name: str) -> ExperimentRecord:
        """Ask an experiment's runs to stop; what they have learnt is kept."""
        from model_playground.work import experiments

        return experiments.stop(self._workspace, name)

    def list_experiments(self) -> list[ExperimentRecord]:
        """List the experiments."""
        from model_playground.store.experiments import list_experiments

        return list_experiments(self._workspace.store)

    def get_experiment(self, name: str) -> ExperimentRecord:
        """Return an experiment with its runs."""
        from model_playground.store.experiments import get_experiment

        return get_experiment(self._workspace.store, name)

    def experiment_series(self, name: str) -> list[RunSeries]:
        """Return all points of an experiment's runs."""
        from model_playground.store.events import series

        return series(self._workspace.store, name)

    def experiment_events(self, name: str, *, after: int = 0) -> list[tuple[int, str, Event]]:
        """Return number, run id and event of all that happened after an event number, in order.

        Of the progress of a run only the latest is kept, with its own number.
        """
        from model_playground.store.events import events_after

        return events_after(self._workspace.store, name, after)

    def compare_experiments(self, names: Sequence[str]) -> Comparison:
        """Set experiments side by side: what differs, and the difference of each to the first."""
        from model_playground.insights.comparison import compare

        if len(set(names)) < 2:
            raise InvalidError(
                "comparison.one", "a comparison needs two experiments: name at least two"
            )
        return compare([self.get_experiment(name) for name in names])

    def predict(
        self,
        name: str,
        *,
        part: Literal["train", "validation"] = "validation",
        seed: int | None = None,
    ) -> list[Prediction]:
        """Return what an experiment's best weights say of every item of a part.

        Args:
            name: the experiment.
            part: which items; the test part stays sealed.
            seed: of which run; of the first if None.

        Raises:
            InvalidError: no run of that seed has kept weights.
        """
        from model_playground.work import experiments

        experiment = self.get_experiment(name)
        self.notify("Importing PyTorch and the models' libraries…")
        return experiments.predict_part(self._workspace, experiment, part, seed=seed)

    def test_experiment(self, name: str) -> TestReport:
        """Open the sealed test part for an experiment's best weights; each opening is counted."""
        from model_playground.work import experiments

        experiment = self.get_experiment(name)
        self.notify("Importing PyTorch and the models' libraries…")
        return experiments.open_test_part(self._workspace, experiment)

    def _import_losses(self) -> None:
        """Import the losses themselves, the user's own among them."""
        self.notify("Importing PyTorch…")
        from model_playground.losses.catalogue import load_plugin

        for plugin in self.plugins:
            load_plugin(plugin)

    def _catalogue(self) -> dict[str, LossDeclaration]:
        from model_playground.losses.catalogue import load

        return load(self.plugins, notify=self.notify)

    def _facts(self, split: str) -> Facts:
        from model_playground.work.datasets import facts_of_split

        return facts_of_split(self._workspace, split)
