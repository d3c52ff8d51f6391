"""Figures for a page: what is drawn, in whose colours, and that several can stand in one page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from model_playground.core.records import RunSeries, SeriesPoint
from model_playground.insights import figures
from model_playground.insights.figures import (
    PAINTS,
    Predicted,
    curve_of,
    draw_by_class,
    draw_loss_curves,
    draw_predicted_against_true,
    draw_regression,
    draw_series,
    limits_of,
)

HOUSES = [Predicted(50, 200, 220), Predicted(80, 310, 290), Predicted(120, 400, 430)]


def run_of(seed: int, series: dict[str, list[float | None]]) -> RunSeries:
    points = tuple(
        SeriesPoint(
            series=name,
            epoch=epoch,
            step=epoch * 10,
            images_seen=epoch * 100,
            value=value,
            state="finite" if value is not None else "nan",
        )
        for name, values in series.items()
        for epoch, value in enumerate(values, start=1)
    )
    return RunSeries(run=f"run-{seed}", seed=seed, points=points, notices=())


LOSSES: dict[str, list[float | None]] = {
    "train/loss": [0.9, 0.6, 0.3],
    "train_sample/loss": [0.8, 0.5, 0.2],
    "validation/loss": [0.9, 0.5, 0.7],
}


def every_figure() -> dict[str, str]:
    limits = limits_of(HOUSES)
    runs = [run_of(0, LOSSES), run_of(1, LOSSES)]
    return {
        "losses": draw_loss_curves(runs, title="mse", uninformed=1.0),
        "series": draw_series({"a": runs, "b": runs}, "validation/loss", title="Loss"),
        "regression": draw_regression(
            HOUSES, title="mse: 0.3", x_label="area in m²", y_label="price in k€", limits=limits
        ),
        "against": draw_predicted_against_true(
            HOUSES, title="mse: 0.3", label="price in k€", limits=limits
        ),
        "classes": draw_by_class(
            {"car": {"a": [0.5, 0.6], "b": []}, "pool": {"a": [0.1, 0.2], "b": [0.3]}},
            title="IoU",
            x_label="IoU",
        ),
    }


def texts_of(svg: str) -> str:
    return " ".join("".join(node.itertext()) for node in ElementTree.fromstring(svg).iter())


@pytest.mark.parametrize("name", every_figure())
def test_a_figure_is_coloured_by_the_page_alone(name: str) -> None:
    svg = every_figure()[name]
    assert not set(PAINTS.values()) & set(re.findall(r"#[0-9a-f]{6}", svg))
    assert "var(--ink)" in svg
    fixed = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]+)", svg))
    assert not fixed, "a colour that would not follow light and dark"


def test_figures_in_one_page_share_no_names() -> None:
    first, second = every_figure().values(), every_figure().values()
    names = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (*first, *second)]
    assert all(names)
    assert sum(map(len, names)) == len(set().union(*names))


def test_names_that_are_referred_to_exist() -> None:
    for svg in every_figure().values():
        named = set(re.findall(r'\bid="([^"]+)"', svg))
        referred = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
        assert referred <= named


def test_a_loss_chart_marks_the_lowest_validation() -> None:
    texts = texts_of(every_figure()["losses"])
    for words in ("lowest: epoch 2", "uninformed guess", "validation", "train, fixed sample"):
        assert words in texts


def test_a_regression_has_its_line_in_blue_and_an_arrow_in_red_for_each_item() -> None:
    svg = every_figure()["regression"]
    assert "mse: 0.3" in texts_of(svg)
    (arrows,) = re.findall(r'<g id="[^"]*Quiver_1">(.*?)</g>\s*(?=<g id)', svg, flags=re.DOTALL)
    assert arrows.count("<path") == len(HOUSES)
    assert "var(--red)" in arrows
    assert "var(--blue)" in svg


def test_the_description_can_be_read_aloud() -> None:
    svg = draw_series({"a": [run_of(0, LOSSES)]}, "validation/loss", title='Loss "so far" & on')
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Loss "so far" & on: validation/loss by epoch'


def test_epochs_without_a_value_are_left_out() -> None:
    run = run_of(0, {"validation/loss": [0.5, None, 0.4]})
    assert curve_of(run, "validation/loss") == ([1, 3], [0.5, 0.4])


def test_limits_hold_every_item() -> None:
    limits = limits_of(HOUSES)
    assert limits.x[0] < 50
    assert limits.x[1] > 120
    assert limits.y[0] < 200
    assert limits.y[1] > 430
    assert figures.limits_of(HOUSES[:1]).x == (49.0, 51.0)
