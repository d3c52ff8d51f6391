"""What a run is to do. From a plan everything else is built; it is kept with the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model_playground.core.contracts import Facts
from model_playground.core.specification import Specification
from model_playground.metrics.metric import METRICS, Accumulator
from model_playground.models.architecture import ARCHITECTURES, Architecture
from model_playground.tasks.task import Task
from model_playground.training.augmentations import AUGMENTATIONS
from model_playground.training.schedulers import SCHEDULERS, Scheduler
from model_playground.training.solvers import SOLVERS, Solver

if TYPE_CHECKING:
    import torch
    from torch import nn

    from model_playground.training.binding import BoundSlot


@dataclass(frozen=True)
class Plan:
    """A specification whose defaults are filled in, the data's facts, and the run's own seed."""

    specification: Specification
    task: Task
    facts: Facts
    seed: int

    @property
    def architecture(self) -> Architecture:
        """The architecture with its parameters."""
        chosen = self.specification.architecture
        return ARCHITECTURES[chosen.name](**chosen.parameters)

    @property
    def solver(self) -> Solver:
        """The solver with its parameters."""
        chosen = self.specification.solver
        return SOLVERS[chosen.name](**chosen.parameters)

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler with its parameters."""
        chosen = self.specification.scheduler
        return SCHEDULERS[chosen.name](**chosen.parameters)

    def build_augmentations(self) -> list[Any]:
        """Build the augmentations, as torchvision transforms."""
        size = self.specification.training.image_size
        return [
            AUGMENTATIONS[chosen.name](**chosen.parameters).build(size)
            for chosen in self.specification.augmentations
        ]

    def build_metrics(self) -> list[Accumulator]:
        """Build new accumulators for the metrics; the task's own if none are chosen."""
        names = self.specification.metrics or self.task.metrics
        return [METRICS[name]().build(self.facts) for name in names]

    def bind_losses(self, device: torch.device) -> dict[str, BoundSlot]:
        """Build the losses of every slot on a device.

        Raises:
            PlaygroundError: a loss is unknown, refused, or its parameters are.
        """
        from model_playground.core.expression import LossTerm
        from model_playground.losses.base import LOSSES, declaration
        from model_playground.training.binding import bind_losses

        catalogue = {loss.name: declaration(loss) for loss in LOSSES}
        bound = {}
        for offered in self.task.slots(self.facts):
            slot = self.architecture.narrow(offered)
            default = (LossTerm(loss=slot.default_loss),)
            terms = self.specification.losses.get(slot.name, default)
            verdicts = self.task.bind(slot, terms, catalogue)
            offers = [verdict.offer for verdict in verdicts if verdict.offer is not None]
            bound[slot.name] = bind_losses(slot, terms, offers)
            for one in bound[slot.name].losses:
                one.loss.to(device)
        return bound

    def build_network(
        self,
        slots: dict[str, BoundSlot],
        *,
        weights: str,
        notify: Callable[[str], None] = lambda message: None,
    ) -> nn.Module:
        """Build the network with a head for every slot."""
        return self.architecture.build(
            {name: slot.head_width for name, slot in slots.items()},
            backbone=self.specification.backbone or self.architecture.default_backbone,
            weights=weights,
            image_size=self.specification.training.image_size,
            notify=notify,
        )
