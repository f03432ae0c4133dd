"""What must be estimated: frame in, frame out, each estimate with its uncertainty.

No session, no clock and no chart in here, so that a page, a report, a test and a stranger's CSV are served
alike. Counting belongs to the queries; this room says how far a count can be trusted. Too little data is an
answer of its own: where a group is smaller than `SMALLEST` cases, its estimate stays empty and `enough`
says so.
"""

from crmlib.analytics.survival import (
    CUMULATIVE_INCIDENCE,
    KAPLAN_MEIER,
    cumulative_incidence,
    kaplan_meier,
    quantile_days,
    value_at,
)
from crmlib.analytics.winrate import (
    COMPARED_WITH_REST,
    SMALLEST,
    WIN_RATES,
    compare_with_rest,
    rate_difference,
    wilson_interval,
    win_rates,
)

__all__ = [
    "COMPARED_WITH_REST",
    "CUMULATIVE_INCIDENCE",
    "KAPLAN_MEIER",
    "SMALLEST",
    "WIN_RATES",
    "compare_with_rest",
    "cumulative_incidence",
    "kaplan_meier",
    "quantile_days",
    "rate_difference",
    "value_at",
    "wilson_interval",
    "win_rates",
]
