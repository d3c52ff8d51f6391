"""Where weights come from, and the three ways on where they cannot be had."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from model_playground.core.errors import InvalidError
from model_playground.models.architecture import ARCHITECTURES

BOTH = pytest.mark.parametrize("name", ["timm", "unet"])


def _build(name: str, weights: str, told: list[str], width: int = 3) -> nn.Module:
    return ARCHITECTURES[name]().build(
        {"class": width},
        backbone="test_resnet",
        weights=weights,
        image_size=32,
        notify=told.append,
    )


def _save(network: nn.Module, path: Path) -> str:
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    return str(path)


def _first_layer(network: nn.Module) -> torch.Tensor:
    return next(iter(network.parameters()))


@BOTH
def test_a_file_of_timm_gives_the_backbone_its_weights(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    source = timm.create_model("test_resnet", num_classes=7)
    path, told = _save(source, tmp_path / "weights.safetensors"), []
    network = _build(name, path, told)
    assert torch.equal(_first_layer(network), _first_layer(source))
    tensors = len(source.state_dict()) - 2
    assert told == [
        f"All of the backbone test_resnet but its head starts with {tensors} tensors of {path}; "
        "2 others there were left out."
    ]


@BOTH
def test_an_own_checkpoint_gives_all_but_the_head(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    source = _build(name, "none", [], width=5)
    path, told = _save(source, tmp_path / "best.safetensors"), []
    network = _build(name, path, told)
    given, found = source.state_dict(), network.state_dict()
    head = ("network.fc.", "network.segmentation_head.")
    assert all(torch.equal(given[key], found[key]) for key in found if not key.startswith(head))
    assert len(told) == 1


def test_as_many_classes_as_the_published_weights_have_make_no_difference(tmp_path: Path) -> None:
    source = timm.create_model("test_resnet", num_classes=7)
    path = _save(source, tmp_path / "weights.safetensors")
    network = _build("timm", path, [], width=1000)
    assert torch.equal(_first_layer(network), _first_layer(source))
    assert network.state_dict()["network.fc.weight"].shape == (1000, source.num_features)


def test_a_classifier_of_ours_gives_its_backbone_to_a_unet(tmp_path: Path) -> None:
    source = _build("timm", "none", [])
    network = _build("unet", _save(source, tmp_path / "best.safetensors"), [])
    assert torch.equal(_first_layer(network), _first_layer(source))


@BOTH
def test_weights_of_another_network_are_refused(name: str, tmp_path: Path) -> None:
    path = _save(timm.create_model("test_efficientnet"), tmp_path / "other.safetensors")
    with pytest.raises(InvalidError, match=r"do not fit the .*test_resnet: \d+ of \d+ .*conv1\.0"):
        _build(name, path, [])


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    state = timm.create_model("test_resnet").state_dict()
    state["conv1.0.weight"] = torch.zeros(3, 3)
    save_file(state, tmp_path / "bent.safetensors")
    with pytest.raises(InvalidError, match=r"conv1\.0\.weight \(3, 3\) instead of"):
        _build("timm", str(tmp_path / "bent.safetensors"), [])


@BOTH
@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("missing.safetensors", "missing.safetensors cannot be read"),
        ("weights.pth", "only safetensors files are read"),
        ("broken.safetensors", "broken.safetensors cannot be read"),
    ],
)
def test_files_that_cannot_be_used_are_refused(
    name: str, file: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"no tensors here")
    with pytest.raises(InvalidError, match=sentence):
        ARCHITECTURES[name]().check("resnet10t", str(tmp_path / file))


@BOTH
def test_pretrained_weights_out_of_reach_are_refused_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody answers there
    started = time.monotonic()
    with pytest.raises(InvalidError) as refused:
        ARCHITECTURES[name]().check("resnet10t", "pretrained")
    assert time.monotonic() - started < 20
    sentence = str(refused.value)
    for way in ("--weights PATH", "the network", "--weights none"):
        assert way in sentence


@BOTH
def test_pretrained_weights_are_taken_from_the_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    # What a cache of the hub looks like: a commit, a name for it, and the file.
    folder = tmp_path / "models--timm--test_resnet.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    (folder / "snapshots" / ("0" * 40)).mkdir(parents=True)
    torch.manual_seed(1)
    source = timm.create_model("test_resnet")
    _save(source, folder / "snapshots" / ("0" * 40) / "model.safetensors")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")

    ARCHITECTURES[name]().check("test_resnet", "pretrained")
    assert torch.equal(_first_layer(_build(name, "pretrained", [])), _first_layer(source))


def test_a_backbone_without_published_weights_is_refused() -> None:
    with pytest.raises(InvalidError, match="no pre-trained weights for cspresnet50d"):
        ARCHITECTURES["timm"]().check("cspresnet50d", "pretrained")
