"""A table of how many of each thing there are in each part; thousands of rows stay quick."""

from collections.abc import Sequence

from nicegui import ui


class CountTable(ui.element, component="count_table.js"):
    """A row is a name and a number for each column. It can be searched and sorted; new numbers change it in place."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self._props.update(
            {
                "label": label,
                "noun": "",
                "plural": "",
                "columns": [],
                "keys": [],
                "rows": [],
                "totals": [],
                "warn": True,
            }
        )

    def show(
        self,
        noun: tuple[str, str],
        columns: Sequence[str],
        rows: Sequence[Sequence[str | int]],
        totals: Sequence[int] = (),
        keys: Sequence[str] = (),
        warn: bool = True,
    ) -> None:
        """`noun`: what a row is, and several of them. `keys`: how the columns are coloured in the bar of each row.

        `warn`: a nothing in a column that has something stands out.
        """
        new = {
            "noun": noun[0],
            "plural": noun[1],
            "columns": list(columns),
            "rows": [list(row) for row in rows],
            "totals": list(totals),
            "keys": list(keys),
            "warn": warn,
        }
        if any(self._props[name] != value for name, value in new.items()):
            self._props.update(new)
            self.update()
