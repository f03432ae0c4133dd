"""The pipeline as a board."""

from widgets.sales.pipeline.model import PipelineModel
from widgets.sales.pipeline.view import Pipeline

__all__ = ["Pipeline", "PipelineModel"]
