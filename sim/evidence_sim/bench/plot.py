"""How cost grows, drawn by matplotlib (extra `bench`): a panel for each axis, a line for each series."""

from collections.abc import Sequence
from io import BytesIO
from itertools import groupby, zip_longest

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from evidence_sim.bench.timing import Axis, Timing

FORMATS = tuple(sorted(Figure().canvas.get_supported_filetypes()))
_WIDE = 10  # times as much: what is further apart needs a scale of factors


def drawn(results: Sequence[Timing], title: str, form: str) -> bytes:
    """The picture in one of FORMATS, the same bytes for the same timings in `svg`."""
    with matplotlib.rc_context({"svg.hashsalt": "evidence-sim", "svg.fonttype": "none", "font.size": 9}):
        axes = list(dict.fromkeys(one.figure.axis for one in results if one.figure.axis))
        figure = Figure(figsize=(12, 7 if len(axes) > 3 else 4), layout="constrained")
        figure.suptitle(title)
        panels = figure.subplots(-(-len(axes) // 3), min(len(axes), 3), squeeze=False).flat
        for axis, panel in zip_longest(axes, panels):
            if axis is None:
                panel.remove()
            else:
                _panel(panel, axis, [one for one in results if one.figure.axis == axis])
        picture = BytesIO()
        figure.savefig(picture, format=form, metadata={"Date": None} if form == "svg" else None)
    return picture.getvalue()


def _panel(panel: Axes, axis: Axis, results: Sequence[Timing]) -> None:
    panel.set_title(axis.name)
    panel.set_xlabel(axis.counts)
    for _, those in groupby(results, key=lambda one: one.figure.name):
        line = list(those)
        middle, at = [one.median for one in line], [one.figure.at for one in line]
        apart = [[one.median - one.low for one in line], [one.high - one.median for one in line]]
        label = f"{line[0].figure.name}, {line[0].figure.unit}"
        panel.errorbar(at, middle, apart, marker="o", markersize=4, capsize=2, label=label)
    if axis.by_factors:
        panel.set_xscale("log")
    else:
        panel.set_xticks(sorted({one.figure.at for one in results}))
    numbers = [one.median for one in results]
    if max(numbers) > _WIDE * min(numbers):
        panel.set_yscale("log")
    else:
        panel.set_ylim(0)
        panel.yaxis.set_major_formatter(EngFormatter())
    panel.legend(frameon=False)
    panel.grid(alpha=0.3)
