"""What slots with exclusive classes have in common: image classification, semantic segmentation."""

from __future__ import annotations

from model_playground.core.contracts import Facts, Link, Offer, TargetForm


def class_offers(facts: Facts) -> tuple[Offer, ...]:
    """Offer a softmax over the classes and, where there are two, one yes-or-no answer."""
    width = len(facts.classes)
    softmax = Offer(TargetForm.CLASS_INDEX, Link.SOFTMAX, head_width=width)
    if width != 2:
        return (softmax,)
    return softmax, Offer(TargetForm.MULTI_HOT, Link.SIGMOID, head_width=1)


def class_unavailable(facts: Facts) -> dict[TargetForm, str]:
    """Explain why yes-or-no losses are not offered for more than two exclusive classes."""
    if len(facts.classes) == 2:
        return {}
    return {
        TargetForm.MULTI_HOT: "answers one yes or no, and there are "
        f"{len(facts.classes) or 'several'} classes that exclude each other"
    }
