"""Which images stay together, with a live example of the groups that come out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.schema.split import ByColumn, ByPattern, Dealing, GroupReport
from aistudio.ui.fields import NOTHING, Menu, MenuField, Option
from pages.split import words
from pages.split.line import Line, look_of
from pages.split.values import Values

if TYPE_CHECKING:
    from pages.split.form import DesignForm

EXAMPLES = 5


class Grouping:
    def __init__(self, form: "DesignForm") -> None:
        self._form = form
        self._report: GroupReport | None = None
        with ui.column().classes("w-full gap-2"):
            self._by = MenuField(_menu(()), "nothing", self._choose, look_of(Dealing, "group_by"))
            self._pattern = Line(form, "pattern", look_of(ByPattern, "pattern"))
            self._pattern.element.props("placeholder=patient(\\\\d+)").classes("code-field")
            self._column = MenuField(Menu({}), None, self._choose_column, look_of(ByColumn, "column"))
            self._found = ui.column().classes("split-groups w-full gap-1").props('role=status aria-label="Groups"')
        for field in (self._by, self._column):
            field.element.classes("w-full")
        self._found.set_visibility(False)

    def set_columns(self, columns: Sequence[str]) -> None:
        self._by.offer(_menu(columns))
        self._column.offer(Menu({name: Option(name) for name in columns}))
        self._columns = list(columns)

    def fill(self, values: Values) -> None:
        self._by.put(values.group, NOTHING, False)
        self._pattern.element.set_value(values.pattern)
        self._column.put(values.column, NOTHING, False)

    def arrange(self, values: Values) -> None:
        self._pattern.element.set_visibility(values.group == "pattern")
        self._column.element.set_visibility(values.group == "column")

    def show(self, report: GroupReport | None, error: str | None) -> None:
        for field in (self._pattern, self._column, self._by):
            field.complain(None)
        chosen: Mapping[str, Any] = {"pattern": self._pattern, "column": self._column}
        chosen.get(self._form.values.group, self._by).complain(error)
        self._found.set_visibility(report is not None)
        if report is None or report == self._report:
            return
        self._report = report
        self._found.clear()
        with self._found:
            ui.label(words.groups(report))
            with ui.element("ul").classes("split-examples"):
                for group in report.largest[:EXAMPLES]:
                    with ui.element("li"):
                        ui.label(group.key or "(at the top)").classes("font-semibold cut")
                        ui.label(f"{group.images:,}").classes("numbers")
                        more = ", …" if group.images > len(group.names) else ""
                        ui.label(", ".join(name.rpartition("/")[2] for name in group.names) + more).classes("faint cut")
            if apart := words.apart(report):
                ui.label(apart).classes("wait")

    def _choose(self, group: Any) -> None:
        column = self._form.values.column or next(iter(self._columns), None)
        if group == "column" and column != self._form.values.column:
            self._column.element.set_value(column)
        self._form.change(group=group)

    def _choose_column(self, column: Any) -> None:
        self._form.change(column=column)

    _columns: Sequence[str] = ()


def _menu(columns: Sequence[str]) -> Menu:
    return Menu(
        {
            "nothing": Option("Nothing", "Each image for itself"),
            "folder": Option("Folder", "Images of one folder stay together"),
            "pattern": Option("Pattern in the name", "What a regular expression finds, such as a patient's number"),
            "column": Option(
                "Column of the table",
                f"One of {', '.join(columns)}" if columns else "The data came without a table",
                disabled=not columns,
            ),
        }
    )
