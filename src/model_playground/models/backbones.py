"""Backbones from timm: their names, and where their weights come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_playground.core.errors import InvalidError, unknown_name

if TYPE_CHECKING:
    from timm.models import PretrainedCfg
    from torch import Tensor

PRETRAINED, NONE = "pretrained", "none"
OWN_PREFIX = "network."
"""What the names in this program's own checkpoints begin with (`SingleSlotNetwork.network`)."""

HUB_REPOSITORIES = {
    "resnet10t": "timm/resnet10t.c3_in1k",
    "resnet18": "timm/resnet18.a1_in1k",
    "resnet34": "timm/resnet34.a1_in1k",
    "resnet50": "timm/resnet50.a1_in1k",
    "regnetx_002": "timm/regnetx_002.pycls_in1k",
    "mobilenetv3_small_100": "timm/mobilenetv3_small_100.lamb_in1k",
    "mobilenetv3_large_100": "timm/mobilenetv3_large_100.ra_in1k",
    "efficientnet_b0": "timm/efficientnet_b0.ra_in1k",
    "convnext_tiny": "timm/convnext_tiny.in12k_ft_in1k",
}
"""Where the suggested backbones' weights are, so that checking them does not import timm."""

_HUB_FILE = "model.safetensors"
_HUB_TIMEOUT_S = 5.0


def check_backbone(name: str, *, notify: Callable[[str], None]) -> None:
    """Check that timm has a model of that name; for the suggested ones without importing it.

    Raises:
        NotFoundError: it has none; the nearest names are suggested.
    """
    if name in HUB_REPOSITORIES:
        return
    notify(f"Looking for {name} in timm…")
    import timm

    if not timm.is_model(name):
        raise unknown_name("backbone", name, timm.list_models())
    if "." in name and not timm.is_model_pretrained(name):
        of_model = name.partition(".")[0]
        raise unknown_name("backbone", name, [of_model, *timm.list_pretrained(f"{of_model}.*")])


def check_weights(backbone: str, weights: str) -> None:
    """Check that weights can be had before anything runs: without reading or fetching them.

    Raises:
        InvalidError: a file is missing or of another kind, or the hub cannot be reached.
    """
    if weights == PRETRAINED:
        _check_hub(backbone)
    elif weights != NONE:
        _check_file(Path(weights))


def pretrained_configuration(backbone: str) -> PretrainedCfg:
    """Return what timm knows of a backbone: its normalisation, size and weights."""
    import timm

    known = timm.get_pretrained_cfg(backbone, allow_unregistered=True)
    assert known is not None
    return known


def colours(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the deviation of the colours that a backbone was trained with."""
    known = pretrained_configuration(backbone)
    return known.mean, known.std


def timm_arguments(backbone: str, weights: str, *, notify: Callable[[str], None]) -> dict[str, Any]:
    """Return the arguments with which timm's own loader gives a backbone those weights.

    timm leaves out the head and requires everything else to fit.
    """
    if weights == NONE:
        return {"pretrained": False}
    if weights == PRETRAINED:
        return {"pretrained": True, "pretrained_cfg_overlay": {"file": _hub_file(backbone, notify)}}
    fitting = fitting_tensors(
        _wanted_tensors(backbone), weights, network=f"the backbone {backbone}", notify=notify
    )
    # A number of classes that no head has: timm leaves out the head and gives us a new one.
    return {
        "pretrained": True,
        "pretrained_cfg_overlay": {"state_dict": fitting, "num_classes": -1},
    }


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file: another program's, or a checkpoint of this one."""
    from safetensors.torch import load_file

    _check_file(path)
    return {name.removeprefix(OWN_PREFIX): tensor for name, tensor in load_file(path).items()}


def fitting_tensors(
    wanted: Mapping[str, Tensor], weights: str, *, network: str, notify: Callable[[str], None]
) -> dict[str, Tensor]:
    """Return what a network wants from a safetensors file, and tell what was left out.

    Args:
        wanted: all of the network but its head.
        weights: the path of the file.
        network: what it is called in a sentence.
        notify: told what was taken.

    Raises:
        InvalidError: something that is wanted is missing, or has another shape.
    """
    given = read_tensors(Path(weights))
    missing = [name for name in wanted if name not in given]
    misshapen = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    faults = []
    if missing:
        faults.append(f"{len(missing)} of {len(wanted)} tensors are missing, such as {missing[0]}")
    if misshapen:
        faults.append(f"{len(misshapen)} have another shape, such as {misshapen[0]}")
    if faults:
        raise InvalidError(
            "weights.misfit",
            "the weights in {path} do not fit {network}: {faults}. Choose the backbone they were "
            "trained with, or --weights none",
            path=weights,
            network=network,
            faults="; ".join(faults),
        )
    notify(
        f"All of {network} but its head starts with {len(wanted)} tensors of {weights}; "
        f"{len(given) - len(wanted)} others there were left out."
    )
    return {name: given[name] for name in wanted}


def _wanted_tensors(backbone: str) -> dict[str, Tensor]:
    import timm
    import torch

    with torch.device("meta"):
        return timm.create_model(backbone, num_classes=0).state_dict()


def _check_file(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors":
        raise InvalidError(
            "weights.kind",
            "the weights {path} are refused: only safetensors files are read, since others can run "
            "code when they are opened; or use --weights pretrained, or --weights none",
            path=str(path),
        )
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (OSError, SafetensorError) as error:
        raise InvalidError(
            "weights.unreadable",
            "the weights {path} cannot be read: {why}",
            path=str(path),
            why=str(error) or type(error).__name__,
        ) from None


def _repository(backbone: str) -> str:
    if backbone in HUB_REPOSITORIES:
        return HUB_REPOSITORIES[backbone]
    known = pretrained_configuration(backbone)
    if not known.hf_hub_id:
        raise InvalidError(
            "weights.none_published",
            "timm has no pre-trained weights for {backbone}: use --weights none, or name a "
            "safetensors file",
            backbone=backbone,
        )
    return str(known.hf_hub_id)


def _check_hub(backbone: str) -> None:
    """Look in the local cache, else ask the hub once whether it has the file."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache

    repository = _repository(backbone)
    if isinstance(try_to_load_from_cache(repository, _HUB_FILE), str):
        return
    try:
        get_hf_file_metadata(hf_hub_url(repository, _HUB_FILE), timeout=_HUB_TIMEOUT_S)
    except Exception as error:  # whatever prevents it, the ways on are the same
        raise _unavailable(backbone, error) from None


def _hub_file(backbone: str, notify: Callable[[str], None]) -> str:
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    repository = _repository(backbone)
    cached = try_to_load_from_cache(repository, _HUB_FILE)
    if isinstance(cached, str):
        return cached
    notify(f"Fetching the pre-trained weights of {backbone} from {repository}…")
    try:
        return hf_hub_download(repository, _HUB_FILE, etag_timeout=_HUB_TIMEOUT_S)
    except Exception as error:
        raise _unavailable(backbone, error) from None


def _unavailable(backbone: str, error: Exception) -> InvalidError:
    lines = str(error).strip().splitlines()
    return InvalidError(
        "weights.unavailable",
        "the pre-trained weights of {backbone} are not on this machine and cannot be fetched "
        "({why}). Three ways on: name a safetensors file with --weights PATH; connect to the "
        "network and try again; or start from random weights with --weights none",
        backbone=backbone,
        why=lines[0] if lines else type(error).__name__,
    )
