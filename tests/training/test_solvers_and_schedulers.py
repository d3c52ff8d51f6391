"""Solvers and schedulers do what they say, each of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model_playground.training.schedulers import SCHEDULERS
from model_playground.training.solvers import SOLVERS


@pytest.mark.parametrize("name", SOLVERS.names)
def test_every_solver_fits_a_line(name: str) -> None:
    torch.manual_seed(0)
    line = nn.Linear(1, 1)
    solver = SOLVERS[name](learning_rate=0.05).build(line)
    x = torch.linspace(-1, 1, 20).unsqueeze(1)
    losses = []
    for _ in range(100):
        loss = (line(x) - (2 * x + 1)).square().mean()
        solver.zero_grad()
        loss.backward()
        solver.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_biases_and_normalisation_do_not_decay(name: str) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    solver = SOLVERS[name](weight_decay=0.1).build(network)
    decays = {
        id(parameter): group["weight_decay"]
        for group in solver.param_groups
        for parameter in group["params"]
    }
    assert [decays[id(parameter)] for parameter in network.parameters()] == [0.1, 0, 0, 0]


def _rates(name: str, updates: int, updates_per_epoch: int, **parameters: object) -> list[float]:
    solver = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = SCHEDULERS[name](**parameters).build(
        solver, updates=updates, updates_per_epoch=updates_per_epoch
    )
    rates = []
    for _ in range(updates):
        rates.append(solver.param_groups[0]["lr"])
        solver.step()
        scheduler.step()
    return rates


def test_constant() -> None:
    assert _rates("constant", 5, 1) == [1.0] * 5


def test_cosine_rises_and_falls() -> None:
    rates = _rates("cosine", 100, 10, warm_up=0.1, lowest=0.2)
    assert rates[:10] == pytest.approx([number / 11 for number in range(1, 11)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.6)  # half-way: midway between 1 and .2
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.2 < rates[-1] < 0.201


def test_cosine_of_a_single_update() -> None:
    assert 0.5 <= _rates("cosine", 1, 1)[0] <= 1


def test_step() -> None:
    assert _rates("step", 6, 1, every=2, multiplier=0.5) == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert _rates("step", 6, 2, every=2, multiplier=0.5) == [1, 1, 1, 1, 0.5, 0.5]


def test_plateau_waits_for_the_validation_loss() -> None:
    declared = SCHEDULERS["plateau"](patience=1, multiplier=0.5)
    assert declared.watches_validation
    solver = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = declared.build(solver, updates=9, updates_per_epoch=3)
    rates = []
    for loss in (1.0, 0.5, 0.6, 0.6, 0.4):
        scheduler.step(loss)
        rates.append(solver.param_groups[0]["lr"])
    assert rates == [1, 1, 1, 0.5, 0.5]
