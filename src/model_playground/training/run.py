"""What one run works with: data, network, solver and monitor; and where it stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import Part
from model_playground.datasets.records import TrainingItem
from model_playground.training.binding import losses_of
from model_playground.training.checkpoint import (
    CheckpointName,
    CheckpointRecord,
    Head,
    TrainingState,
    finite_figures,
    read_checkpoint,
    write_checkpoint,
)
from model_playground.training.data import Batch
from model_playground.training.evaluation import evaluate
from model_playground.training.monitor import Monitor
from model_playground.training.parts import Parts
from model_playground.training.plan import Plan
from model_playground.training.randomness import derived_seed
from model_playground.training.scale import Scale


class Run:
    """One run of a plan, ready to train.

    Args:
        plan: what to do.
        items: the items of the parts train and validation.
        folder: where checkpoints are kept, and decoded images as long as the run lasts.
        fabric: the device and the precision.
        notify: told what was done with the weights to start from.

    Raises:
        PlaygroundError: something in the plan cannot be had, or does not fit.
    """

    def __init__(
        self,
        plan: Plan,
        items: Mapping[Part, Sequence[TrainingItem]],
        folder: Path,
        fabric: Fabric,
        *,
        notify: Callable[[str], None] = lambda message: None,
    ) -> None:
        specification, training = plan.specification, plan.specification.training
        self.plan = plan
        self.folder = folder
        self.fabric = fabric
        self.slots = plan.bind_losses(fabric.device)
        self.parts = Parts(
            plan,
            items,
            [bound.slot for bound in self.slots.values()],
            cache_folder=folder,
            pin_memory=fabric.device.type == "cuda",
        )
        torch.manual_seed(derived_seed(plan.seed, "weights"))
        network = plan.build_network(self.slots, weights=specification.weights, notify=notify)
        network.to(fabric.device)
        self._solver = plan.solver.build(network)
        self.network, self.solver = fabric.setup(network, self._solver)
        self.scheduler_watches_validation = plan.scheduler.watches_validation
        self.scheduler = plan.scheduler.build(
            self._solver,
            updates=training.epochs * self.parts.updates_per_epoch,
            updates_per_epoch=self.parts.updates_per_epoch,
        )
        self.monitor = self._monitor()
        self.epoch = self.step = self.images_seen = 0

    def _monitor(self) -> Monitor:
        specification = self.plan.specification
        stopping = specification.training.early_stopping
        if not any(slot.learns for slot in self.slots.values()):
            return Monitor.of(stopping)
        if self.scheduler_watches_validation:
            raise InvalidError(
                "scheduler.loss_learns",
                "the scheduler {name} watches the validation loss, and with this loss that means "
                "something else in every epoch: choose another scheduler",
                name=specification.scheduler.name,
            )
        return Monitor.of(stopping, otherwise=(specification.metrics or self.plan.task.metrics)[0])

    @property
    def ended(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.plan.specification.training.epochs

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(one.numel() for one in self.network.parameters() if one.requires_grad)

    def evaluate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Return losses and metrics over batches."""
        return evaluate(
            self.network,
            batches,
            self.slots,
            self.plan.build_metrics(),
            scale=self.parts.scale,
        )

    def save(self, name: CheckpointName, figures: Mapping[str, float]) -> None:
        """Write a checkpoint; `last` with all that it takes to go on."""
        goes_on = name == "last"
        record = CheckpointRecord(
            epoch=self.epoch,
            seed=self.plan.seed,
            specification=self.plan.specification,
            facts=self.plan.facts,
            heads={
                slot: Head(link=bound.link, width=bound.head_width)
                for slot, bound in self.slots.items()
            },
            normalisation=Scale(
                mean=tuple(self.network.mean.flatten().tolist()),
                std=tuple(self.network.std.flatten().tolist()),
            ),
            standardisation=self.parts.scale,
            figures=finite_figures(figures),
            training=self._training_state() if goes_on else None,
        )
        solver = self._solver.state_dict()["state"] if goes_on else {}
        write_checkpoint(
            self.folder,
            name,
            record,
            self.network.state_dict(),
            solver,
            losses_of(self.slots).state_dict(),
        )

    def restore(self) -> None:
        """Go on from the last checkpoint in the folder, if there is one.

        Raises:
            InvalidError: it belongs to another plan, or cannot be read.
        """
        try:
            record, weights, solver, losses = read_checkpoint(self.folder, "last")
        except NotFoundError:
            return
        if (record.specification, record.seed) != (self.plan.specification, self.plan.seed):
            raise InvalidError(
                "checkpoint.other_plan",
                "the checkpoint in {folder} belongs to another specification or seed: continue "
                "that one, or train in another folder",
                folder=str(self.folder),
            )
        state = record.training
        assert state is not None
        self.network.load_state_dict(weights)
        losses_of(self.slots).load_state_dict(losses)
        fresh = self._solver.state_dict()
        for group, learning_rate in zip(fresh["param_groups"], state.learning_rates, strict=True):
            group["lr"] = learning_rate
        self._solver.load_state_dict({**fresh, "state": solver})
        self.scheduler.load_state_dict(self.scheduler.state_dict() | state.scheduler)
        self._precision.load_state_dict(state.scaler)
        self.monitor = Monitor(**state.monitor)
        self.epoch, self.step, self.images_seen = record.epoch, state.step, state.images_seen

    def _training_state(self) -> TrainingState:
        return TrainingState(
            step=self.step,
            images_seen=self.images_seen,
            monitor=asdict(self.monitor),
            learning_rates=[group["lr"] for group in self._solver.param_groups],
            scheduler={
                name: value
                for name, value in self.scheduler.state_dict().items()
                if not isinstance(value, float) or math.isfinite(value)
            },
            scaler=self._precision.state_dict(),
        )

    @property
    def _precision(self) -> Any:
        return self.fabric.strategy.precision
