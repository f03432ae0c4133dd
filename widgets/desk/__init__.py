"""The desk: the whole workspace in one kernel, with its rail, its views and quick add."""

from widgets.desk.model import DeskModel
from widgets.desk.view import Desk

__all__ = ["Desk", "DeskModel"]
