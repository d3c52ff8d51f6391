"""Figures of a dataset: classes, sizes, objects per image, where they are, what goes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_playground.core.dataset_records import DatasetStatistics, ValueFigures
from model_playground.insights.figures import PAINTS, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLUE, _INK = PAINTS["series-1"], PAINTS["ink"]
_MOST_CLASSES = 20
_FAINTEST = 0.06
_STRONGEST = 0.55  # behind a number, which has to be read


def draw_classes(statistics: DatasetStatistics) -> str:
    """Draw how many images have each class, the commonest first."""
    most = sorted(statistics.classes, key=lambda one: -one.items)[:_MOST_CLASSES]
    is_all = len(most) == len(statistics.classes)
    chosen = f"{len(most)} commonest of {len(statistics.classes):,} classes"
    title = "Images with each class" if is_all else f"Images with the {chosen}"

    def draw(axes: Axes) -> None:
        axes.barh([_short(one.name) for one in most], [one.items for one in most], color=_BLUE)
        axes.invert_yaxis()
        axes.set(title=title, xlabel="images")
        axes.grid(visible=False, axis="y")

    return drawn(draw, description=title, height=1.3 + 0.19 * len(most))


def draw_objects_per_item(statistics: DatasetStatistics) -> str:
    """Draw how many images have how many objects."""

    def draw(axes: Axes) -> None:
        numbers, images = zip(*sorted(statistics.objects_per_item.items()), strict=True)
        axes.bar(numbers, images, width=0.9, color=_BLUE)
        axes.set(title="Objects per image", xlabel="objects", ylabel="images")
        axes.set_xlim(left=-0.6)

    return drawn(draw, description="Objects per image")


def draw_centres(statistics: DatasetStatistics) -> str:
    """Draw where the centres of the objects are in their images, each scaled to a square."""
    highest = max(map(max, statistics.centres))
    cells = len(statistics.centres)

    def draw(axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        for row, counts in enumerate(statistics.centres):
            for column, count in enumerate(counts):
                if count:
                    alpha = _FAINTEST + (1 - _FAINTEST) * count / highest
                    corner = (column / cells, row / cells)
                    axes.add_patch(
                        Rectangle(
                            corner, 1 / cells, 1 / cells, color=_BLUE, alpha=alpha, linewidth=0
                        )
                    )
        axes.set(title="Centres of the objects", xlim=(0, 1), ylim=(1, 0), aspect="equal")
        axes.set(xlabel="share of the width", ylabel="share of the height")
        axes.grid(visible=False)

    return drawn(draw, description="Centres of the objects")


def draw_together(statistics: DatasetStatistics) -> str:
    """Draw which share of the images with one class have another."""
    names = [_short(one) for one in statistics.together]
    is_all = len(names) == sum(one.items > 0 for one in statistics.classes)
    title = "Classes together" if is_all else f"The {len(names)} commonest classes together"

    def draw(axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        for row, counts in enumerate(statistics.together_items):
            for column, count in enumerate(counts):
                share = count / max(1, counts[row])
                if row == column or not share:
                    continue
                corner = (column - 0.5, row - 0.5)
                axes.add_patch(
                    Rectangle(corner, 1, 1, color=_BLUE, alpha=_STRONGEST * share, linewidth=0)
                )
                axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7.5)
        axes.set(title=f"{title}, % of the images")
        axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False)

    return drawn(
        draw, description="Classes that occur together", height=max(2.6, 1.9 + 0.24 * len(names))
    )


def draw_values(value: ValueFigures) -> str:
    """Draw how a value is spread over the items."""

    def draw(axes: Axes) -> None:
        widths = [high - low for low, high in zip(value.edges, value.edges[1:], strict=False)]
        axes.bar(value.edges[:-1], value.counts, width=widths, align="edge", color=_BLUE)
        axes.axvline(value.median, color=_INK, linewidth=1, linestyle=(0, (6, 3)), label="median")
        axes.set(title=value.name, xlabel=value.name, ylabel="items")

    return drawn(draw, description=f"Spread of {value.name}")


def draw_sizes(statistics: DatasetStatistics) -> str:
    """Draw the commonest sizes of the images; the areas of the dots are the numbers of images."""
    most = max(one.items for one in statistics.sizes)

    def draw(axes: Axes) -> None:
        axes.scatter(
            [one.width for one in statistics.sizes],
            [one.height for one in statistics.sizes],
            s=[12 + 240 * one.items / most for one in statistics.sizes],
            color=_BLUE,
            alpha=0.6,
        )
        axes.set(title="Sizes of the images", xlabel="width in pixels", ylabel="height in pixels")
        axes.margins(0.1)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)

    return drawn(draw, description="Sizes of the images")


def _short(name: str) -> str:
    """Return a name that fits an axis; a dollar would begin a formula."""
    name = " ".join(name.split()).replace("$", r"\$")
    return name if len(name) <= 22 else f"{name[:21]}…"
