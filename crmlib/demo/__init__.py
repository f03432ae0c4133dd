"""Demo: Halyard Instruments, a company that sells water sensors and does not exist.

Made from a seed through the same actions that people use, two years up to today, so that whatever works on real
records works on these.
"""

from crmlib.demo.company import MOST_LIVED, make_demo

__all__ = ["MOST_LIVED", "make_demo"]
