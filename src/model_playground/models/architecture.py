"""What an architecture is: a declaration that builds a network for the slots of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from model_playground.core.contracts import Slot
from model_playground.core.declaration import Declaration
from model_playground.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor, nn


class Output(NamedTuple):
    """What one pass through a network gives."""

    slots: dict[str, Tensor]  # the raw output of each slot's head
    predictions: Any = None  # what only the architecture can decode; None: the slots say it all


class Architecture(Declaration):
    """A family of networks. Its fields are its parameters.

    The network that `build` returns is an `nn.Module` called as `network(images, targets=None)`
    with images (N, 3, H, W), RGB between 0 and 1; it returns an `Output`. Normalising is the
    network's own work, so that what is exported is complete.
    """

    tasks: ClassVar[tuple[str, ...]]
    default_backbone: ClassVar[str]
    suggested_backbones: ClassVar[tuple[str, ...]]

    def narrow(self, slot: Slot) -> Slot:
        """Return the slot as this architecture offers it: with fewer choices, or as it is."""
        return slot

    def check(
        self,
        backbone: str,
        weights: str,
        *,
        notify: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Check what can be checked before anything runs.

        Args:
            backbone: the name of the feature extractor.
            weights: "pretrained", "none" or the path of a safetensors file.
            notify: told what is being done when that takes seconds.

        Raises:
            NotFoundError: there is no such backbone; the nearest names are suggested.
            InvalidError: the backbone does not fit, or the weights cannot be had.
        """
        raise NotImplementedError

    def build(
        self,
        heads: Mapping[str, int],
        *,
        backbone: str,
        weights: str,
        image_size: int,
        notify: Callable[[str], None] = lambda message: None,
    ) -> nn.Module:
        """Build the network.

        Each head's bias is 0: before training, the network answers like an uninformed guess.

        Args:
            heads: how many numbers the head of each slot gives.
            backbone: the name of the feature extractor.
            weights: "pretrained", "none" or the path of a safetensors file.
            image_size: height and width of the images.
            notify: told what was loaded and what was not.

        Raises:
            InvalidError: the weights cannot be had or do not fit.
        """
        raise NotImplementedError


ARCHITECTURES: Registry[type[Architecture]] = Registry(
    "architecture", package="model_playground.models"
)
