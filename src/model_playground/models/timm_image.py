"""Any model of timm, as a classifier or a regressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from model_playground.core.errors import InvalidError
from model_playground.models.architecture import ARCHITECTURES, Architecture
from model_playground.models.backbones import (
    HUB_REPOSITORIES,
    check_backbone,
    check_weights,
    colours,
    pretrained_configuration,
    timm_arguments,
)

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class TimmImageModel(Architecture):
    """A model from timm, PyTorch Image Models, with a head of its own.

    The backbone is any of timm's names, with a tag where one set of weights is meant:
    `resnet18` or `resnet18.a1_in1k`.

    Reference:
        Wightman, PyTorch Image Models, doi 10.5281/zenodo.4414861
    """

    name = "timm"
    title = "timm image model"
    tasks = ("classification", "regression")
    default_backbone = "resnet10t"
    suggested_backbones = tuple(HUB_REPOSITORIES)

    dropout: float = Field(0.0, ge=0, lt=1, description="share of features dropped before the head")

    def check(
        self,
        backbone: str,
        weights: str,
        *,
        notify: Callable[[str], None] = lambda message: None,
    ) -> None:
        check_backbone(backbone, notify=notify)
        check_weights(backbone, weights)

    def build(
        self,
        heads: Mapping[str, int],
        *,
        backbone: str,
        weights: str,
        image_size: int,
        notify: Callable[[str], None] = lambda message: None,
    ) -> nn.Module:
        import timm
        import torch

        from model_playground.models.networks.single_slot import SingleSlotNetwork

        ((slot, width),) = heads.items()
        arguments = timm_arguments(backbone, weights, notify=notify)
        if pretrained_configuration(backbone).fixed_input_size:
            arguments["img_size"] = image_size  # position embeddings are made for one size
        try:
            network: Any = timm.create_model(
                backbone, num_classes=width, drop_rate=self.dropout, **arguments
            )
            with torch.no_grad():  # some find out only when they run that the size does not fit
                network.eval()(torch.zeros(1, 3, image_size, image_size))
            network.train()
        except (AssertionError, RuntimeError, TypeError, ValueError) as error:
            raise InvalidError(
                "backbone.unfit",
                "{backbone} cannot be built for images of {size} pixels: {why}",
                backbone=backbone,
                size=image_size,
                why=str(error) or type(error).__name__,
            ) from None
        head = network.get_classifier()
        if isinstance(getattr(head, "bias", None), torch.Tensor):
            torch.nn.init.zeros_(head.bias)
        mean, std = colours(backbone)
        return SingleSlotNetwork(network, slot, mean=mean, std=std)
