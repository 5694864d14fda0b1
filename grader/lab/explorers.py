"""Explorers: pictures with a handle. Each draws with a function of its lesson, by mouse or by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

from .figures import png


class Explorer(widgets.VBox):
    """Controls above a picture that is drawn anew whenever one of them moves.

    `draw` takes the values of `controls` by their names and returns a figure and a text that says what is to
    be seen in it; the text stands below the picture. Kept out of a notebook's stored output, where a widget
    would be dead: there it shows its `title`.
    """

    def __init__(self, title: str, draw: Callable[..., tuple[Figure, str]], **controls: widgets.ValueWidget):
        self.title = title
        self.controls = controls
        self._draw = draw
        self._picture = widgets.Image(
            format="png", layout=widgets.Layout(max_width="100%", object_fit="contain")
        )
        self._text = widgets.HTML()
        for control in controls.values():
            control.observe(self._moved, names="value")
        super().__init__(
            [widgets.HTML(f"<strong>{title}</strong>"), *controls.values(), self._picture, self._text]
        )
        self._moved()

    def _moved(self, _: Any = None) -> None:
        picture, text = self._draw(**{name: control.value for name, control in self.controls.items()})
        self._picture.value = png(picture)
        self._text.value = f"<p style='max-width:50em'>{text}</p>"

    @property
    def text(self) -> str:
        """What is to be seen now, in words."""
        return self._text.value

    def __repr__(self) -> str:
        return f"Explorer: {self.title} (run this cell to move it)"


def slider(label: str, low: float, high: float, value: float, step: float = 1) -> widgets.ValueWidget:
    """A slider with its label in full, for whole numbers or, with a broken `step`, for floats."""
    kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
    return kind(value=value, min=low, max=high, step=step, description=label, continuous_update=False, **WIDE)


def choice(label: str, options: Any, value: Any = None) -> widgets.ValueWidget:
    """A drop-down list; `options` are values, or (shown, value) pairs.

    By keyboard, Space opens it: JupyterLab takes the arrow keys of a closed one for itself.
    """
    made = widgets.Dropdown(options=options, description=label, **WIDE)
    if value is not None:
        made.value = value
    return made


def text(label: str, value: str) -> widgets.ValueWidget:
    """A line to type in; it counts when Enter is pressed or the line is left."""
    return widgets.Text(value=value, description=label, continuous_update=False, **WIDE)


WIDE = {"style": {"description_width": "initial"}, "layout": {"width": "min(42em, 95%)"}}
