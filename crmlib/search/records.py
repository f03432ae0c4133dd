"""The search index: what is known of each record in the form that is searched.

Nobody writes here but the database's own triggers (migration 0008): whatever changes a party, deal, activity, product
or order, by whichever way, changes the entry in the same transaction.
"""

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmlib.base import Base, BigId

# Compared sign by sign, whatever the database's language: a prefix is then a range of the index.
BySign = Text().with_variant(Text(collation="C"), "postgresql")

# An entry's number is its kind's code times 2^48 plus the record's number, so that each kind is a range of numbers.
CODES = {"party": 1, "deal": 2, "activity": 3, "product": 4, "order": 5}
SHIFT = 48


class SearchEntry(Base):
    """One searchable record. `name` is its title and `text` all of it, folded, with a blank for what divides words.

    In `text` two blanks stand before each word, so that three signs are enough to ask for its first letter.
    """

    __tablename__ = "search_entry"
    __table_args__ = (Index("ix_search_entry_record_name", "record", "name"), {"info": {"derived": True}})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    record: Mapped[str] = mapped_column(String(32))
    record_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(BySign)
    text: Mapped[str] = mapped_column(Text)


class SearchWord(Base):
    """A word that stands, or once stood, in a title: what a misspelt one is compared with.

    Two writers at once may both add a word; that is cheaper than letting one wait for the other.
    """

    __tablename__ = "search_word"
    __table_args__ = {"info": {"derived": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    word: Mapped[str] = mapped_column(BySign, index=True)


class SearchPause(Base):
    """While a transaction has a row here, its triggers leave the index alone: it will rebuild it whole."""

    __tablename__ = "search_pause"
    __table_args__ = {"info": {"derived": True}}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reason: Mapped[str]
