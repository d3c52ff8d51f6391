"""Every architecture builds networks that keep the contract."""

from __future__ import annotations

import pytest
import torch

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.models.architecture import ARCHITECTURES, Output
from model_playground.models.backbones import HUB_REPOSITORIES

ALL = pytest.mark.parametrize("name", ARCHITECTURES.names)


def _network(name: str, width: int = 3, backbone: str = "test_resnet", image_size: int = 32):
    return ARCHITECTURES[name]().build(
        {"class": width}, backbone=backbone, weights="none", image_size=image_size
    )


@ALL
@pytest.mark.parametrize("size", [32, 40])
def test_the_output_has_the_shape_of_its_slot(name: str, size: int) -> None:
    network = _network(name, image_size=size).eval()
    with torch.no_grad():
        output = network(torch.rand(2, 3, size, size))
    assert isinstance(output, Output)
    dense = "segmentation" in ARCHITECTURES[name].tasks
    assert output.slots["class"].shape == ((2, 3, size, size) if dense else (2, 3))


@ALL
def test_every_parameter_is_trained(name: str) -> None:
    network = _network(name)
    network(torch.rand(4, 3, 64, 64)).slots["class"].square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@ALL
def test_the_head_starts_without_a_bias(name: str) -> None:
    network = _network(name).network
    head = network.segmentation_head[0] if name == "unet" else network.get_classifier()
    assert head.bias.abs().max() == 0


@ALL
def test_images_are_normalised_inside(name: str) -> None:
    network = _network(name, backbone="resnet10t").eval()
    assert network.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert "mean" not in network.state_dict()


@pytest.mark.parametrize(("backbone", "channels_last"), [("resnet10t", True), ("repvgg_a0", False)])
def test_memory_is_laid_out_for_speed_where_that_is_safe(
    backbone: str, channels_last: bool
) -> None:
    network = _network("timm", backbone=backbone)
    seen = []
    network.network.register_forward_hook(lambda module, images, output: seen.append(images[0]))
    images = torch.rand(2, 32, 32, 3).permute(0, 3, 1, 2)  # as the training reads them
    assert images.is_contiguous(memory_format=torch.channels_last)
    network(images)
    weights = [one for one in network.parameters() if one.ndim == 4 and one.shape[2] > 1]
    for tensor in [*seen, *weights]:
        assert tensor.is_contiguous(memory_format=torch.channels_last) is channels_last


def test_a_model_with_position_embeddings_is_built_for_the_image_size() -> None:
    network = _network("timm", backbone="test_vit", image_size=64).eval()
    assert network(torch.rand(1, 3, 64, 64)).slots["class"].shape == (1, 3)


def test_an_image_size_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidError, match="test_vit cannot be built for images of 40 pixels"):
        _network("timm", backbone="test_vit", image_size=40)


@ALL
def test_an_unknown_backbone_is_refused_with_the_nearest(name: str) -> None:
    with pytest.raises(NotFoundError, match=r"Did you mean .*resnet18"):
        ARCHITECTURES[name]().check("resnet81", "none")
    with pytest.raises(NotFoundError, match=r"resnet18\.a1_in1k"):
        ARCHITECTURES[name]().check("resnet18.a1_in2k", "none")


def test_a_backbone_without_a_pyramid_is_refused_for_a_unet() -> None:
    with pytest.raises(InvalidError, match="test_vit cannot be a U-Net's encoder"):
        ARCHITECTURES["unet"]().check("test_vit", "none")


def test_a_backbone_with_a_pyramid_is_accepted_for_a_unet() -> None:
    ARCHITECTURES["unet"]().check("test_resnet", "none")


@pytest.mark.slow
@pytest.mark.parametrize("backbone", HUB_REPOSITORIES)
@ALL
def test_every_suggestion_can_be_trained(name: str, backbone: str) -> None:
    network = _network(name, backbone=backbone, image_size=64)
    network(torch.rand(2, 3, 64, 64)).slots["class"].square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@ALL
def test_suggestions_begin_with_the_default_and_need_no_look_up(name: str) -> None:
    architecture = ARCHITECTURES[name]
    assert architecture.suggested_backbones[0] == architecture.default_backbone
    told: list[str] = []
    for backbone in architecture.suggested_backbones:
        architecture().check(backbone, "none", notify=told.append)
    assert told == []


def test_the_hub_addresses_are_those_of_timm() -> None:
    import timm

    known = {name: timm.get_pretrained_cfg(name).hf_hub_id for name in HUB_REPOSITORIES}
    assert known == HUB_REPOSITORIES


@ALL
def test_every_architecture_explains_itself(name: str) -> None:
    choice = ARCHITECTURES[name].choice()
    assert choice.summary.endswith(".")
    assert choice.reference
