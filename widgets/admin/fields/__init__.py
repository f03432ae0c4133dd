"""The page where the business gives records fields of its own."""

from widgets.admin.fields.model import FieldsModel
from widgets.admin.fields.view import Fields

__all__ = ["Fields", "FieldsModel"]
