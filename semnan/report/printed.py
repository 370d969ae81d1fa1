"""`Printed`: a result that is read as one table, in a terminal and in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from semnan.report.table import Table


class Printed(ABC):
    """Prints its table."""

    #: Characters in a line of text.
    width: ClassVar[int] = 110

    @property
    @abstractmethod
    def table(self) -> Table:
        """What is printed."""

    def __str__(self) -> str:
        return self.table.text(self.width)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table.html()
