"""Solvers: how the weights follow the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from model_playground.core.declaration import Declaration
from model_playground.core.registry import Registry

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


class Solver(Declaration):
    """A way to follow the gradient."""

    def build(self, network: nn.Module) -> Optimizer:
        """Build the solver for the weights of a network."""
        raise NotImplementedError


SOLVERS: Registry[type[Solver]] = Registry("solver", package="model_playground.training.solvers")


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Leave biases and the scales of normalisation, which have one axis, out of weight decay."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [one for one in trained if one.ndim > 1], "weight_decay": weight_decay},
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


@SOLVERS.register
class AdamW(Solver):
    """Adam with weight decay kept apart from the gradient: a safe first choice.

    Every weight has a step size of its own, from the size of its recent gradients.

    Reference:
        Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101
    """

    name = "adamw"
    title = "AdamW"

    learning_rate: float = Field(1e-3, gt=0, le=10, description="size of a step")
    weight_decay: float = Field(0.05, ge=0, le=1, description="pull of the weights towards 0")
    beta1: float = Field(0.9, ge=0, lt=1, description="memory of the gradient's mean")
    beta2: float = Field(0.999, ge=0, lt=1, description="memory of the gradient's square")

    def build(self, network: nn.Module) -> Optimizer:
        from torch.optim import AdamW as TorchAdamW

        groups = _groups(network, self.weight_decay)
        return TorchAdamW(groups, lr=self.learning_rate, betas=(self.beta1, self.beta2))


@SOLVERS.register
class Adam(Solver):
    """Adam: a step size for every weight, from the size of its recent gradients.

    Reference:
        Kingma and Ba, Adam, arXiv 1412.6980
    """

    name = "adam"
    title = "Adam"

    learning_rate: float = Field(1e-3, gt=0, le=10, description="size of a step")
    beta1: float = Field(0.9, ge=0, lt=1, description="memory of the gradient's mean")
    beta2: float = Field(0.999, ge=0, lt=1, description="memory of the gradient's square")

    def build(self, network: nn.Module) -> Optimizer:
        from torch.optim import Adam as TorchAdam

        groups = _groups(network, 0.0)
        return TorchAdam(groups, lr=self.learning_rate, betas=(self.beta1, self.beta2))


@SOLVERS.register
class StochasticGradientDescent(Solver):
    """Stochastic gradient descent with momentum: plain, and often the best with a tuned rate.

    Reference:
        Sutskever et al., On the importance of initialization and momentum in deep learning (2013)
    """

    name = "sgd"
    title = "Stochastic gradient descent"

    learning_rate: float = Field(0.05, gt=0, le=10, description="size of a step")
    momentum: float = Field(0.9, ge=0, lt=1, description="share of the last step that is kept")
    weight_decay: float = Field(1e-4, ge=0, le=1, description="pull of the weights towards 0")
    nesterov: bool = Field(True, description="look ahead along the momentum")

    def build(self, network: nn.Module) -> Optimizer:
        from torch.optim import SGD

        return SGD(
            _groups(network, self.weight_decay),
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov and self.momentum > 0,
        )
