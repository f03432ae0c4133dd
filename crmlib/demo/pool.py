"""Every name, street and town that a crowd draws from, with all that is derived from names worked out once."""

from typing import Any

import numpy as np

from crmlib.base import folded
from crmlib.contacts import back_key, name_key
from crmlib.demo.market import slug
from crmlib.demo.sources import fill, read

#: An array of numpy.
Numbers = Any


class Pool:
    """Every name there is, with all that is derived from it: persons point into it.

    Of country number `n`, `count[n]` names begin at `first[n]`. `locals` are how a name begins an e-mail address.
    """

    def __init__(self) -> None:
        self.abouts = list(read("countries").values())
        names: list[tuple[str, str | None]] = []
        first, count = [], []
        for about in self.abouts:
            first.append(len(names))
            both = [(given, family) for given in (*about["female"], *about["male"]) for family in about["family"]]
            alone: list[tuple[str, str | None]] = [(given, None) for given in about.get("single", ())]
            # Of ten people one has a single name, where that is usual.
            names += both + (alone * len(both))[: len(both) // 9]
            count.append(len(names) - first[-1])
        self.first, self.count = np.array(first), np.array(count)
        whole = [f"{given} {family}" if family else given for given, family in names]
        self.columns = {key: objects(values) for key, values in keys(whole).items()}
        self.columns["given_name"] = objects([given for given, _family in names])
        self.columns["family_name"] = objects([family for _given, family in names])
        self.locals = objects(
            [".".join(slug(part).replace("-", "") for part in name if part) or "kontakt" for name in names]
        )
        self.streets = [
            [
                fill(about["street_form"], street=street, n=number)
                for number in range(1, 60)
                for street in about["streets"]
            ]
            for about in self.abouts
        ]


def keys(names: list[str]) -> dict[str, list[str]]:
    """Names, and what parties are sorted and recognised by."""
    plain = [folded(name) for name in names]
    return {
        "name": names,
        "folded": plain,
        "name_key": [name_key(name) for name in plain],
        "back_key": [back_key(name) for name in plain],
    }


def objects(values: Any) -> Numbers:
    values = list(values)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def one_of(values: list[Any], chance: float) -> Any:
    return values[int(chance * len(values))]
