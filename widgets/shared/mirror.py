"""A view shows what its model holds: every trait that both have follows the model."""

import traitlets as tl
from ipywidgets import Widget


def mirror(model: tl.HasTraits, view: Widget) -> None:
    """Let each synchronised trait of `view` that `model` has too follow the model's, from now on."""
    for name in sorted(set(view.trait_names(sync=True)) & set(model.trait_names())):
        tl.dlink((model, name), (view, name))
