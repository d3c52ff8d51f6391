"""What a loss's parameters mean in the targets' own unit, where the targets are standardised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from model_playground.losses.base import declaration
from model_playground.training.binding import BoundSlot
from model_playground.training.data import reads_values
from model_playground.training.scale import Scale


def in_own_unit(
    slots: Mapping[str, BoundSlot], scale: Scale | None, target_names: Sequence[str]
) -> Iterator[str]:
    """Yield a sentence for each parameter that is a difference of standardised values.

    Args:
        slots: the slots with their losses.
        scale: that of the values; nothing is said if they are not standardised.
        target_names: what the values are.
    """
    if scale is None:
        return
    for slot in slots.values():
        for loss in (bound.loss for bound in slot.losses if reads_values(slot.slot)):
            for parameter in declaration(type(loss)).in_target_unit:
                value = getattr(loss, parameter)
                meant = [
                    f"{value * deviation:.4g} of {name}"
                    for name, deviation in zip(target_names, scale.std, strict=True)
                ]
                yield (
                    f"{loss.name}: {parameter} = {value:g} is of standardised values; in their "
                    f"own unit that is {' and '.join(meant)}"
                )
