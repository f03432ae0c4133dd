"""The sales review: what a quarter won and lost, how sure that is, and what to act on.

    review = sales_review(wb, quarter="2017-Q4")
    review.summary()

Each method returns the blocks of one section, which Jupyter shows and a report run exports. The counting is in
`facts` and `stages`, the findings in `actions`, the wording in `sentences`, `tables` and `pictures`.
"""

from crmlib.reporting.sales_review.as_of import deals_as_of
from crmlib.reporting.sales_review.facts import Facts
from crmlib.reporting.sales_review.periods import Quarter
from crmlib.reporting.sales_review.reading import sales_review
from crmlib.reporting.sales_review.review import SalesReview
from crmlib.reporting.sales_review.stages import stage_outcomes

__all__ = ["Facts", "Quarter", "SalesReview", "deals_as_of", "sales_review", "stage_outcomes"]
