"""What was measured."""

from dataclasses import dataclass


@dataclass
class Figure:
    """One line of the table. `share`: of the bare server, where the figure is one."""

    database: str
    what: str
    value: float
    unit: str
    share: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        shown = self.value if self.share is None else self.share
        return (self.least is None or shown >= self.least) and (
            self.most is None or shown <= self.most
        )
