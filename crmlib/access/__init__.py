"""Who acts, and what they may see and do: the one place through which every select and every write goes.

Today everybody may see and do everything. What narrows it later is a rule for a type of record: a function that takes
the class, or an alias of it, and says which of its rows there are for this actor.
"""

from crmlib.access.actor import Actor, Rule, actor_of
from crmlib.access.rights import check, guard, narrow

__all__ = ["Actor", "Rule", "actor_of", "check", "guard", "narrow"]
