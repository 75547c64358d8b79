"""One transform in a list: its grip, its name and summary, and when it is opened its parameters."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Protocol

from nicegui import ui
from pydantic import BaseModel, ValidationError

from aistudio.errors import FieldError
from aistudio.schema.shape import blank, discriminator, variants
from aistudio.ui.browser import focus


class SubForm(Protocol):
    def add_model(self, model: type[BaseModel], path: tuple[str, ...] = (), without: Iterable[str] = ...) -> None: ...
    def show(self, errors: Iterable[FieldError]) -> list[FieldError]: ...


class Owner(Protocol):
    """The list that a row belongs to."""

    form: Callable[..., SubForm]

    @property
    def readonly(self) -> bool: ...

    def move(self, row: "Row", by: int) -> None: ...
    def remove(self, row: "Row") -> None: ...
    def changed(self) -> None: ...


class RowBox(ui.column):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.classes("transform").props("role=listitem")


class Row:
    def __init__(self, item: dict[str, Any], models: tuple[type[BaseModel], ...], parent: Owner, number: int) -> None:
        self.item = item
        self._models = models
        self._parent = parent
        self._subform: SubForm | None = None
        self.box = RowBox(number)
        kind = item["kind"]
        self.box.props["aria-label"] = kind
        readonly = parent.readonly
        with self.box:
            with ui.row().classes("transform-head items-center"):
                if not readonly:
                    self._grip = ui.button(icon="dehaze").props("flat dense round size=sm color=grey-6")
                    self._grip.classes("drag").props["aria-label"] = f"Move {kind}, use the arrow keys"
                    self._grip.on("keydown.up.prevent", lambda: parent.move(self, -1), [])
                    self._grip.on("keydown.down.prevent", lambda: parent.move(self, 1), [])
                with (
                    ui.element("button").classes("transform-open").props("type=button aria-expanded=false") as self.head
                ):
                    ui.label(kind).classes("transform-name")
                    self._summary = ui.label().classes("faint cut numbers")
                self.head.on("click", self._toggle, [])
                if not readonly:
                    remove = ui.button(icon="close", on_click=lambda: parent.remove(self))
                    remove.props("flat dense round size=sm color=grey-6").props["aria-label"] = f"Remove {kind}"
            self._body = ui.column().classes("transform-body")
        self._body.set_visibility(False)
        self._summarise()

    @property
    def opened(self) -> bool:
        return bool(self._body.visible)

    def open(self) -> None:
        self._build()
        self._body.set_visibility(True)
        self.head.props("aria-expanded=true")

    def _toggle(self) -> None:
        if self._body.visible:
            self._body.set_visibility(False)
            self.head.props("aria-expanded=false")
        else:
            self.open()

    def focus(self) -> None:
        focus(self._grip)

    def show(self, errors: list[FieldError]) -> None:
        self.box.classes(add="invalid" if errors else "", remove="" if errors else "invalid")
        if errors and not self._body.visible:
            self.open()
        if self._subform is not None:
            self._subform.show(errors)

    def _build(self) -> None:
        """The parameters; made when they are first looked at."""
        self._body.clear()
        model = self._model()
        with self._body:
            ui.label(purpose(model)).classes("faint")
            with ui.element("div").classes("fields"):
                self._subform = self._parent.form(self.item, self._changed, readonly=self._parent.readonly, defaults={})
                if len(self._models) > 1:
                    self._variant_menu()
                self._subform.add_model(model, (), without=("kind", discriminator(self._models)))

    def _variant_menu(self) -> None:
        name = discriminator(self._models)
        info = self._models[0].model_fields[name]
        options = list(variants(self._models, name))
        menu = ui.select(
            options, label=info.title, value=self.item[name], on_change=lambda event: self._become(event.value)
        )
        menu.set_enabled(not self._parent.readonly)

    def _become(self, variant: str) -> None:
        name = discriminator(self._models)
        if self.item[name] != variant:
            self.item.clear()
            self.item.update(blank(variants(self._models, name)[variant]))
            self._build()
            self._changed()

    def _model(self) -> type[BaseModel]:
        name = discriminator(self._models)
        return variants(self._models, name)[self.item[name]]

    def _changed(self) -> None:
        self._summarise()
        self._parent.changed()

    def _summarise(self) -> None:
        self.shown = deepcopy(self.item)
        try:
            transform = self._model().model_validate(self.item)
        except ValidationError:
            self._summary.set_text("")
        else:
            self._summary.set_text(transform.summary() if hasattr(transform, "summary") else "")


def purpose(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]
