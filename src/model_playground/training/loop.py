"""The training loop. It tells what happens as events and knows neither store nor server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from model_playground.core.errors import StoppedError
from model_playground.core.events import (
    Emit,
    EpochFinished,
    Notice,
    Point,
    RunFinished,
    RunStarted,
)
from model_playground.core.records import Part
from model_playground.datasets.records import TrainingItem
from model_playground.losses.base import ratio
from model_playground.training.binding import not_learning
from model_playground.training.data import Batch
from model_playground.training.device import make_fabric, reproducible
from model_playground.training.evaluation import (
    Addends,
    LossSums,
    NotFiniteError,
    Slots,
    addends_of,
    uninformed_losses,
)
from model_playground.training.plan import Plan
from model_playground.training.randomness import derived_seed
from model_playground.training.run import Run
from model_playground.training.units import in_own_unit
from model_playground.training.watch import Watch

Outcome = Literal["finished", "stopped_early", "interrupted", "failed"]


def train(
    plan: Plan,
    items: Mapping[Part, Sequence[TrainingItem]],
    folder: Path,
    *,
    emit: Emit,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
) -> RunFinished:
    """Train a model as planned and return how it ended; the best and the last weights are kept.

    A keyboard interrupt ends it as `should_stop` does: at the next batch, with what was learnt.

    Args:
        plan: what to do.
        items: the items of the parts train and validation; others are not touched.
        folder: where the checkpoints are kept.
        emit: told everything that happens, the end included.
        should_stop: asked at every batch.
        resume: go on from the last checkpoint in the folder, if there is one, exactly as if
            there had been no break.

    Raises:
        PlaygroundError: the plan cannot be carried out here, or an image cannot be read.
    """
    training = plan.specification.training
    fabric = make_fabric(training)
    with reproducible(fabric.device):
        run = Run(
            plan,
            items,
            folder,
            fabric,
            notify=lambda message: emit(Notice(level="information", message=message)),
        )
        if resume:
            run.restore()
        emit(_started(run))
        if not run.epoch:
            for message in in_own_unit(run.slots, run.parts.scale, plan.facts.target_names):
                emit(Notice(level="information", message=message))
        watch = Watch(
            emit, should_stop, fabric.device, epochs=training.epochs, images=run.parts.sizes
        )
        outcome: Outcome = "finished"
        message = ""
        try:
            while not run.ended:
                if run.monitor.patience_left == 0:
                    outcome = "stopped_early"
                    break
                figures = train_epoch(run, watch)
                best = run.monitor.see(run.epoch, figures)
                if best:
                    run.save("best", figures)
                run.save("last", figures)
                emit(_epoch_finished(run, watch, figures, best=best))
        except (KeyboardInterrupt, StoppedError):
            outcome = "interrupted"
        except NotFiniteError as error:
            outcome, message = "failed", str(error)
            emit(Notice(level="warning", message=message))
        ended = _finished(run, outcome, message)
    emit(ended)
    return ended


def train_epoch(run: Run, watch: Watch) -> dict[str, float]:
    """Train for one epoch, evaluate, and return the figures of every series.

    Raises:
        StoppedError: someone asked for the end.
        NotFiniteError: the training loss is no number any more.
    """
    epoch = run.epoch + 1
    training = run.plan.specification.training
    torch.manual_seed(derived_seed(run.plan.seed, epoch))  # dropout, the same after a break
    watch.start_epoch(epoch)
    run.network.train()
    running = LossSums()
    for group in groups(
        watch.batches(run.parts.train(epoch), "train", running), training.accumulate
    ):
        wholes = denominators(run.slots, group)
        for batch in group:
            raw = run.network(batch.images, batch.targets).slots
            addends = addends_of(run.slots, raw, batch.targets)
            run.fabric.backward(share_of_loss(addends, wholes))
            running.add(addends)
        run.solver.step()
        run.solver.zero_grad()
        if not run.scheduler_watches_validation:
            run.scheduler.step()
        run.step += 1
        run.images_seen += sum(len(batch.images) for batch in group)
    running.finite_loss()

    figures = _series("train", running.figures())
    sample = watch.batches(run.parts.train_sample(), "train sample")
    figures |= _series("train_sample", run.evaluate(sample))
    validation = watch.batches(run.parts.validation(), "validation")
    figures |= _series("validation", run.evaluate(validation))
    if epoch == 1:
        unread = (batch.prepared(run.fabric.device) for batch in run.parts.validation())
        figures |= _series("uninformed", uninformed_losses(unread, run.slots))
    if run.scheduler_watches_validation:
        run.scheduler.step(figures["validation/loss"])  # type: ignore[arg-type]
    run.epoch = epoch
    return figures


def groups(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Put so many batches together for one update; the last group may be smaller."""
    remaining = iter(batches)
    while group := list(islice(remaining, size)):
        yield group


@torch.no_grad()
def denominators(slots: Slots, group: Sequence[Batch]) -> dict[str, Tensor]:
    """Return Σ weight of every term over all batches of one update, before any is computed.

    Weights follow from the targets alone, so any prediction will do. So unequal batches add up to
    exactly their joint loss. A loss that groups a batch (Dice) groups each of these batches.
    """
    if len(group) == 1:
        return {}
    sums: dict[str, Tensor] = {}
    for batch in group:
        raw = {name: slot.uninformed(batch.targets[name]) for name, slot in slots.items()}
        with not_learning(slots):
            addends = addends_of(slots, raw, batch.targets)
        for term, addend in addends.items():
            weight = addend.weight.sum()
            sums[term] = sums[term] + weight if term in sums else weight
    return sums


def share_of_loss(addends: Addends, wholes: Mapping[str, Tensor]) -> Tensor:
    """Return a batch's share of the loss: Σ scale · Σ value / Σ weight of the whole update.

    Args:
        addends: the batch's.
        wholes: the weights of the whole update; none if the batch is all of it.
    """
    return torch.stack(
        [
            addend.scale * ratio(addend.value.sum(), wholes.get(term, addend.weight.detach().sum()))
            for term, addend in addends.items()
        ]
    ).sum()


def _series(part: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{part}/{name}": value for name, value in figures.items()}


def _started(run: Run) -> RunStarted:
    sizes = run.parts.sizes
    return RunStarted(
        epochs=run.plan.specification.training.epochs,
        updates_per_epoch=run.parts.updates_per_epoch,
        train_items=sizes["train"],
        train_sample_items=sizes["train sample"],
        validation_items=sizes["validation"],
        device=str(run.fabric.device),
        parameters=run.parameters,
        message=f"continued after epoch {run.epoch}" if run.epoch else "",
    )


def _epoch_finished(
    run: Run, watch: Watch, figures: Mapping[str, float], *, best: bool
) -> EpochFinished:
    return EpochFinished(
        epoch=run.epoch,
        step=run.step,
        images_seen=run.images_seen,
        duration_s=watch.duration_s,
        waiting_s=watch.waiting_s,
        points=tuple(Point.of(series, value) for series, value in figures.items()),
        best=best,
        patience_left=run.monitor.patience_left,
    )


def _finished(run: Run, outcome: Outcome, message: str) -> RunFinished:
    if run.monitor.best_epoch is None and not message:
        message = "no epoch was finished, so no weights were kept"
    return RunFinished(
        outcome=outcome,
        epochs_done=run.epoch,
        best_epoch=run.monitor.best_epoch,
        monitor=run.monitor.series,
        best_value=run.monitor.best_value,
        message=message,
    )
