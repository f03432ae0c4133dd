"""Quick add: a person, an organization, a deal or an activity, from anywhere on the desk."""

from widgets.desk.quick_add.model import QuickAddModel
from widgets.desk.quick_add.view import QuickAdd

__all__ = ["QuickAdd", "QuickAddModel"]
