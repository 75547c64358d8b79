"""A configuration as a file, and as code that runs without AI Studio."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from nicegui import events, ui

from aistudio.errors import AIStudioError
from aistudio.schema.experiment import Experiment
from aistudio.service import code, config_files
from aistudio.ui.browser import walked_with_arrows
from aistudio.ui.dialogs import answer, attempt

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

Fill = Callable[[dict[str, Any]], Awaitable[None]]
MOST_BYTES = 1_000_000


class Files:
    """The menu in the head of the configuration. What it writes is the form as it is, saved or not."""

    def __init__(self, page: "TrainingPage", value: Callable[[], dict[str, Any] | None], fill: Fill) -> None:
        self._page = page
        self._value = value
        self._fill = fill
        self._experiment: Experiment | None = None
        with ui.button(icon="more_vert").props("flat round dense size=sm color=grey-7") as self._button:
            self._button.props["aria-label"] = "More"
            with ui.menu() as menu:
                walked_with_arrows(menu)
                self._import = self._item("Import YAML", self._on_import)
                self._item("Export YAML", self._on_export)
                self._item("Show code", self._on_code)

    def show(self, experiment: Experiment | None) -> None:
        self._experiment = experiment
        self._button.set_visibility(experiment is not None)
        self._import.set_enabled(experiment is not None and experiment.status == "created")

    def _item(self, text: str, action: Callable[[], Awaitable[None]]) -> ui.menu_item:
        return ui.menu_item(text, on_click=action).props("role=menuitem dense data-autofocus")

    async def _on_export(self) -> None:
        text = await self._made(config_files.config_to_yaml)
        if text is not None and self._experiment is not None:
            ui.download.content(text, f"{_file_name(self._experiment.name)}.yaml", "application/yaml")

    async def _on_code(self) -> None:
        script = await self._made(code.config_script)
        if script is None or self._experiment is None:
            return
        command = await attempt(code.command, self._page.studio, self._page.project.id, self._experiment.id)
        with self._page.dialogs:
            _show_code(self._experiment.name, script, command or "")

    async def _made(self, write: Callable[..., str]) -> str | None:
        """What `write` makes of the form as it is."""
        experiment, config = self._experiment, self._value()
        if experiment is None or config is None:
            return None
        return await attempt(write, self._page.studio, self._page.project.id, experiment.name, config)

    async def _on_import(self) -> None:
        asked = self._experiment
        with self._page.dialogs:
            found = await _ask_for_file(self._read)
        if found is None or asked is None:
            return
        now = self._experiment
        if now is None or now.id != asked.id or now.status != "created":
            ui.notify(f"{asked.name} was deleted or started meanwhile: nothing was imported.", type="warning")
            return
        await self._fill(found.config)
        for warning in found.warnings:
            ui.notify(warning, type="warning", timeout=8000)
        ui.notify("Imported. Save keeps it.", type="positive", timeout=3000)

    def _read(self, text: str) -> config_files.Imported:
        return config_files.from_yaml(self._page.studio, self._page.project.id, text)


async def _ask_for_file(read: Callable[[str], config_files.Imported]) -> config_files.Imported | None:
    """A YAML file, chosen or pasted; what is wrong with it is said here, and can be mended here."""
    with ui.dialog() as dialog, ui.card().classes("panel yaml-import"):
        dialog.props["aria-label"] = "Import a configuration"
        ui.label("Import a configuration").classes("text-base font-semibold")
        ui.label("It takes the place of what is in the form; what the file leaves out takes the defaults.").classes(
            "muted"
        )
        text = ui.textarea("YAML").classes("w-full").props("rows=12 input-class=code spellcheck=false")
        wrong = ui.label().classes("reason bad").props("role=alert")

        async def load(event: events.UploadEventArguments) -> None:
            text.set_value((await event.file.read()).decode("utf-8", "replace"))
            wrong.set_text("")
            upload.reset()  # or the same file could not be chosen again after it was mended

        def refuse() -> None:
            wrong.set_text("This is no .yaml or .yml file of at most 1 MB.")

        async def submit() -> None:
            try:
                dialog.submit(await asyncio.to_thread(read, text.value or ""))
            except AIStudioError as error:
                wrong.set_text(str(error))

        upload = ui.upload(on_upload=load, on_rejected=refuse, auto_upload=True, max_file_size=MOST_BYTES)
        upload.props('accept=".yaml,.yml"').classes("hidden")
        with ui.row().classes("w-full items-center gap-2"):
            choose = ui.button("Choose a file", icon="upload_file", on_click=lambda: upload.run_method("pickFiles"))
            choose.props("flat color=primary")
            ui.space()
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat color=grey-7")
            ui.button("Import", on_click=submit)
    found: config_files.Imported | None = await answer(dialog)
    return found


def _show_code(name: str, script: str, command: str) -> None:
    with ui.dialog() as dialog, ui.card().classes("panel show-code"):
        dialog.props["aria-label"] = f"{name} as code"
        with ui.row().classes("w-full items-center no-wrap"):
            ui.label(f"{name} as code").classes("text-base font-semibold cut")
            ui.space()
            closer = ui.button(icon="close", on_click=dialog.close).props("flat round dense color=grey-7")
            closer.props["aria-label"] = "Close"
        with ui.tabs().props("dense no-caps align=left active-color=primary") as tabs:
            ui.tab("Python script")
            ui.tab("Command line")
        with ui.tab_panels(tabs, value="Python script", animated=False).classes("w-full result-panels"):
            with ui.tab_panel("Python script").classes("p-0 gap-2"):
                ui.label(
                    "Trains the same without AI Studio, with PyTorch, Lightning, timm and albumentations."
                ).classes("muted")
                _text(script, f"{_file_name(name)}.py", "text/x-python")
            with ui.tab_panel("Command line").classes("p-0 gap-2"):
                ui.label("Trains a new experiment of this project, from a shell.").classes("muted")
                _text(command, f"{_file_name(name)}.sh", "text/x-shellscript")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _text(text: str, name: str, kind: str) -> None:
    with ui.row().classes("gap-2"):
        ui.button("Copy", icon="content_copy", on_click=lambda: _copy(text)).props("outline dense color=primary")
        save = ui.button("Download", icon="download", on_click=lambda: ui.download.content(text, name, kind))
        save.props("outline dense color=primary")
    with ui.element("pre").classes("log code") as box:
        ui.label(text)
    box.props("tabindex=0 role=region").props["aria-label"] = name


def _copy(text: str) -> None:
    ui.clipboard.write(text)
    ui.notify("Copied", type="positive", timeout=1200)


def _file_name(name: str) -> str:
    """Letters, digits and dashes of a name."""
    return "-".join("".join(one if one.isalnum() else " " for one in name).split())[:60] or "experiment"
