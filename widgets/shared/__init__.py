"""The frame that all views share: the template class, theme, style sheet, and the server behind the desk.

Views take from here `View` (a template with our words and defaults), `page_request` (the address, checked and
typed), `errors_shown_in` (a refusal becomes a sentence in the view). The server is in
`widgets.shared.serve`; it is not imported here, a kernel has no use for it.
"""

from widgets.shared.theme import avatar_number, initials
from widgets.shared.ui import View, errors_shown_in, page_request

__all__ = ["View", "avatar_number", "errors_shown_in", "initials", "page_request"]
