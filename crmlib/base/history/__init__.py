"""What the journal is good for: what changed since, the past of a record, how things stood, and taking back.

Looking back is `looking`, how things stood `moments`, and taking back `undoing`; what an undo spared says `saying`.
"""

from crmlib.base.history.looking import changes_since, history_of
from crmlib.base.history.moments import as_of
from crmlib.base.history.undoing import undo_batch, undo_change
from crmlib.base.history.undone import BatchUndone, ChangeUndone, Spared, Undone

__all__ = [
    "BatchUndone",
    "ChangeUndone",
    "Spared",
    "Undone",
    "as_of",
    "changes_since",
    "history_of",
    "undo_batch",
    "undo_change",
]
