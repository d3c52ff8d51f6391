"""What a task's slot offers, what a loss reads, and the validity that follows from the two.

A task says, slot by slot, which forms its targets can take and what the model's head then
predicts (`Offer`). A loss says what it reads (`Reading`). `validity` compares them; no list of
"losses for this task" exists anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, JsonValue

IGNORED = -100
"""The class index of pixels that belong to no class: losses and metrics leave them out."""


ClassWeighting = Literal["balanced", "effective"]
"""In place of a factor for each class: an experiment computes them from its train part."""


class Link(StrEnum):
    """What turns the head's raw output into a prediction."""

    SOFTMAX = "softmax"  # exclusive classes
    SIGMOID = "sigmoid"  # independent yes-or-no answers
    IDENTITY = "identity"  # plain values


class TargetForm(StrEnum):
    """The form in which a target reaches a loss."""

    CLASS_INDEX = "class_index"
    SOFT_DISTRIBUTION = "soft_distribution"
    MULTI_HOT = "multi_hot"
    QUALITY_SCORE = "quality_score"
    VALUE = "value"
    AMOUNT = "amount"  # a value of 0 or more in its own unit


class BoxView(StrEnum):
    """How the matched pairs of boxes reach a loss."""

    ENCODED = "encoded"  # offsets against an anchor, (M, 4)
    XYXY = "xyxy"  # decoded absolute corners, (M, 4)
    CXCYWH = "cxcywh"  # centre and size, normalised by the image, (M, 4)


class Layout(StrEnum):
    """What one prediction is about."""

    ITEM = "item"  # (N, …)
    PIXEL = "pixel"  # (N, C, H, W) against (N, H, W)
    BOX = "box"  # matched pairs, (M, …)
    MASK = "mask"  # matched masks, (M, H, W)


class PerSample(StrEnum):
    """Whether one image's share of a loss is exact."""

    EXACT = "exact"
    PER_IMAGE_FORM = "per-image form"  # summed over a batch in training, over each image here


class Circumstance(StrEnum):
    """What data can be like, so that it matters for the choice of a loss."""

    IMBALANCE = "imbalance"  # some classes are much rarer than others
    SMALL_OBJECTS = "small objects"  # objects or regions that cover little of an image
    MANY_CLASSES = "many classes"
    WRONG_LABELS = "wrong labels"
    OUTLIERS = "outliers"  # target values far from the others
    WIDE_RANGE = "wide range"  # positive target values of very different size


class State(StrEnum):
    """Whether a loss can be chosen for a slot."""

    VALID = "valid"
    DISCOURAGED = "discouraged"
    REFUSED = "refused"


class Reading(BaseModel):
    """One way in which a loss can be given its input and target."""

    model_config = ConfigDict(frozen=True)

    form: TargetForm
    link: Link
    view: BoxView | None = None


class Traits(BaseModel):
    """What a loss declares about itself beyond what it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detached: tuple[str, ...] = ()  # factors held constant in the gradient
    stateful: bool = False  # changes in training, saved with the model, never a default monitor
    pairwise: bool = False  # usable as a matcher's cost
    per_sample: PerSample = PerSample.EXACT
    scale_free: bool = False  # of boxes: the same for a pair that is moved or scaled as a whole


TARGET_UNIT: dict[str, JsonValue] = {"unit": "target"}
"""Marks a parameter that is a difference of target values: `Field(json_schema_extra=…)`."""


class LossDeclaration(BaseModel):
    """Everything about a loss that can be known without torch: a row of the catalogue."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    family: str
    class_name: str
    module: str
    plugin: str | None  # the file it came from, for a user's own loss
    reads: tuple[Reading, ...]
    layouts: tuple[Layout, ...]  # the layouts it is defined on
    traits: Traits
    suits: tuple[Circumstance, ...] = ()
    suffers: tuple[Circumstance, ...] = ()
    summary: str
    text: str
    formula: str
    symbols: dict[str, str]
    lowest_value: str
    uninformed_guess: str
    prefer: str
    avoid: str
    shape: str = ""
    example: str = ""  # Python, as in an interactive session
    reference: str
    parameters: dict[str, Any]  # JSON schema

    @property
    def class_factors(self) -> tuple[str, ...]:
        """The parameters that hold a factor for each class, or a word for how to compute them."""
        words = list(get_args(ClassWeighting))
        return tuple(
            name
            for name, schema in self.parameters["properties"].items()
            if any(option.get("enum") == words for option in schema.get("anyOf", ()))
        )

    @property
    def in_target_unit(self) -> tuple[str, ...]:
        """The parameters that are differences of target values, in their unit."""
        return tuple(
            name
            for name, schema in self.parameters["properties"].items()
            if schema.get("unit") == TARGET_UNIT["unit"]
        )


@dataclass(frozen=True)
class Facts:
    """What a task needs to know of a dataset to lay out its slots."""

    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()  # regression: one name for each value
    class_pixel_values: tuple[int, ...] = ()  # segmentation: how each class stands in the masks


@dataclass(frozen=True)
class Offer:
    """One form in which a slot can give its target, and the head that goes with it.

    `decoded` means that the loss is given the head's output after the link (probabilities)
    rather than the raw output; `discouraged` says why one would rather not.
    """

    form: TargetForm
    link: Link
    head_width: int
    view: BoxView | None = None
    decoded: bool = False
    discouraged: str = ""

    def fits(self, reading: Reading) -> bool:
        """Say whether a loss that reads so can be given this."""
        link = Link.IDENTITY if self.decoded else self.link
        return (self.form, link, self.view) == (reading.form, reading.link, reading.view)


@dataclass(frozen=True)
class Slot:
    """One place in a task where a loss is chosen.

    `gives` completes the sentence "…; image classification gives ___". `unavailable` explains
    the forms that this slot has in principle but not for these facts.
    """

    name: str
    layout: Layout
    gives: str
    offers: tuple[Offer, ...]
    default_loss: str
    unavailable: Mapping[TargetForm, str] = field(default_factory=dict)
    fixed: str = ""  # an architecture that allows only the default says why


@dataclass(frozen=True)
class Validity:
    """Whether a loss can be chosen for a slot, the reason when not freely, and the offer used."""

    state: State
    reason: str = ""
    offer: Offer | None = None


_NEEDS: dict[TargetForm, dict[Layout, str]] = {
    TargetForm.CLASS_INDEX: {
        Layout.ITEM: "one class per image",
        Layout.PIXEL: "one class per pixel",
    },
    TargetForm.SOFT_DISTRIBUTION: {Layout.ITEM: "a distribution over the classes"},
    TargetForm.MULTI_HOT: {Layout.ITEM: "a yes or no for each class"},
    TargetForm.QUALITY_SCORE: {Layout.ITEM: "a quality score between 0 and 1"},
    TargetForm.VALUE: {Layout.ITEM: "continuous values"},
    TargetForm.AMOUNT: {Layout.ITEM: "values of 0 or more in their own unit"},
}
_LAYOUT_NEEDS = {
    Layout.ITEM: "one prediction per image",
    Layout.PIXEL: "regions of pixels",
    Layout.BOX: "pairs of boxes",
    Layout.MASK: "pairs of masks",
}


def _needs(loss: LossDeclaration, slot: Slot) -> str:
    reading = loss.reads[0]
    if reading.view is not None:
        return _LAYOUT_NEEDS[Layout.BOX]
    if slot.layout not in loss.layouts:
        return " or ".join(_LAYOUT_NEEDS[layout] for layout in loss.layouts)
    needs = _NEEDS[reading.form]
    return needs.get(slot.layout, needs[Layout.ITEM])


def fitting_offers(loss: LossDeclaration, slot: Slot) -> tuple[Offer, ...]:
    """Return the slot's offers that the loss can be given, the discouraged ones last."""
    if slot.layout not in loss.layouts:
        return ()
    fitting = [offer for reading in loss.reads for offer in slot.offers if offer.fits(reading)]
    return tuple(sorted(fitting, key=lambda offer: bool(offer.discouraged)))


def validity(loss: LossDeclaration, slot: Slot, *, task_title: str, default_title: str) -> Validity:
    """Say whether `loss` can be chosen for `slot`: valid, discouraged or refused, and why.

    The first offer that fits is used: in the order of the loss's readings, those that are not
    discouraged first.
    """
    use = f"use {_within_a_sentence(default_title)}"
    if slot.fixed and loss.name != slot.default_loss:
        return Validity(State.REFUSED, f"{slot.fixed}: {use}")
    offers = fitting_offers(loss, slot)
    if offers:
        best = offers[0]
        if best.discouraged:
            return Validity(State.DISCOURAGED, f"{best.discouraged}; {use}", best)
        return Validity(State.VALID, "", best)
    if slot.layout in loss.layouts:
        for reading in loss.reads:
            if reading.view is None and reading.form in slot.unavailable:
                return Validity(
                    State.REFUSED, f"{loss.title} {slot.unavailable[reading.form]}: {use}"
                )
    return Validity(
        State.REFUSED,
        f"{loss.title} needs {_needs(loss, slot)}; {task_title.lower()} gives {slot.gives}: {use}",
    )


def _within_a_sentence(title: str) -> str:
    """Write a title's first letter small, unless it begins an abbreviation such as GIoU."""
    return title if title[:2].isupper() else f"{title[:1].lower()}{title[1:]}"
