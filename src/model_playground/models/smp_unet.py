"""U-Net from segmentation-models-pytorch, with any encoder from timm that gives a pyramid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from model_playground.core.errors import InvalidError
from model_playground.models.architecture import ARCHITECTURES, Architecture
from model_playground.models.backbones import (
    HUB_REPOSITORIES,
    NONE,
    PRETRAINED,
    check_backbone,
    check_weights,
    colours,
    fitting_tensors,
    read_tensors,
    timm_arguments,
)

if TYPE_CHECKING:
    from torch import nn

_HEAD = "segmentation_head."
_STAGES = 5
_STRIDE = 2**_STAGES


@ARCHITECTURES.register
class UNet(Architecture):
    """A U-Net: an encoder that sees more and more, and a decoder that finds the edges again.

    At every scale the decoder also gets the encoder's features of that scale, so that small
    objects and sharp edges survive. Images of any size are padded inside to multiples of 32.

    Reference:
        Ronneberger et al., U-Net, arXiv 1505.04597
    """

    name = "unet"
    title = "U-Net"
    tasks = ("segmentation",)
    default_backbone = "resnet10t"
    suggested_backbones = tuple(HUB_REPOSITORIES)

    decoder_channels: int = Field(
        16, ge=4, le=64, description="channels at full size; each coarser scale has twice as many"
    )

    def check(
        self,
        backbone: str,
        weights: str,
        *,
        notify: Callable[[str], None] = lambda message: None,
    ) -> None:
        check_backbone(backbone, notify=notify)
        if backbone not in HUB_REPOSITORIES:
            import torch

            with torch.device("meta"):
                self._unet(backbone, 1, {"pretrained": False})
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
        import torch

        from model_playground.models.networks.single_slot import SingleSlotNetwork

        ((slot, width),) = heads.items()
        whole = {} if weights in (NONE, PRETRAINED) else read_tensors(Path(weights))
        if any(name.startswith(_HEAD) for name in whole):  # a U-Net, not only a backbone
            network = self._unet(backbone, width, {"pretrained": False})
            wanted = {
                name: tensor
                for name, tensor in network.state_dict().items()
                if not name.startswith(_HEAD)
            }
            fitting = fitting_tensors(
                wanted, weights, network=f"the U-Net on {backbone}", notify=notify
            )
            network.load_state_dict(fitting, strict=False)
        else:
            arguments = timm_arguments(backbone, weights, notify=notify)
            network = self._unet(backbone, width, arguments)
        torch.nn.init.zeros_(network.segmentation_head[0].bias)
        mean, std = colours(backbone)
        return SingleSlotNetwork(network, slot, mean=mean, std=std, stride=_STRIDE)

    def _unet(self, backbone: str, width: int, arguments: dict[str, Any]) -> Any:
        import segmentation_models_pytorch as smp

        channels = [self.decoder_channels * 2**stage for stage in reversed(range(_STAGES))]
        pretrained = arguments.pop("pretrained")
        try:
            return smp.Unet(
                f"tu-{backbone}",
                encoder_weights=True if pretrained else None,
                decoder_channels=channels,
                classes=width,
                **arguments,
            )
        except (AssertionError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise InvalidError(
                "backbone.unfit",
                "{backbone} cannot be a U-Net's encoder: it gives no features at five scales "
                "({why}). Choose another, such as {default}",
                backbone=backbone,
                why=str(error).splitlines()[0] if str(error) else type(error).__name__,
                default=self.default_backbone,
            ) from None
