"""Frames: what a query hands to an analyst, with columns and types that hold when it is empty too."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    import pandas as pd


def read_frame(session: Session, rows: Select[*tuple[Any, ...]], contract: Mapping[str, str]) -> "pd.DataFrame":
    """The rows as a frame with the columns, order and dtypes of `contract`.

    Flushes first, so that what this transaction wrote is seen; `pandas.read_sql` would miss it, and would type an
    empty frame as all `object`. A moment comes back aware in UTC, a day as `datetime64[s]`.
    """
    import pandas as pd

    session.flush()
    result = session.execute(rows)
    names, data = list(result.keys()), result.all()
    columns = dict(zip(names, zip(*data, strict=True), strict=True)) if data else dict.fromkeys(names, ())
    missing = set(contract) - set(names)
    if missing:
        raise KeyError(f"the query lacks {sorted(missing)}")
    return pd.DataFrame({name: _column(columns[name], dtype) for name, dtype in contract.items()})


def frame_of(rows: Sequence[Mapping[str, Any]], contract: Mapping[str, str]) -> "pd.DataFrame":
    """Rows in hand as a frame with the columns, order and dtypes of `contract`; what a row lacks is empty."""
    import pandas as pd

    return pd.DataFrame(
        {name: _column(tuple(row.get(name) for row in rows), dtype) for name, dtype in contract.items()}
    )


def _column(values: tuple[Any, ...], dtype: Any) -> Any:
    import pandas as pd

    if dtype == "category":
        words = [getattr(value, "value", value) for value in values]
        return pd.Series(pd.Categorical(words, categories=sorted({str(w) for w in words if w is not None})))
    if dtype.startswith("datetime64"):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc="UTC" in dtype)).astype(dtype)
    if dtype == "float64":
        return pd.Series([float("nan") if value is None else float(value) for value in values], dtype=dtype)
    return pd.Series([getattr(value, "value", value) for value in values], dtype=dtype)
