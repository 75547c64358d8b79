"""What a list of transforms does to images of the project, step by step, drawn by the worker's own code."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nicegui import ui
from pydantic import ValidationError

from aistudio.errors import AIStudioError, StartFailed, Superseded, WorkerLost
from aistudio.schema.explain import invalid
from aistudio.schema.preview import PipelineName, Preview, PreviewImage, PreviewPicture, PreviewRequest
from aistudio.service import previews
from aistudio.studio import Studio

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

COUNTS = [4, 6, 8]
NEAR_SECONDS = 20.0  # between two times that somebody counts as being near
WORDS: dict[PipelineName, str] = {"train": "Training", "val": "Validation"}


def warm_when_near(studio: Studio, section: ui.element) -> None:
    """Starts the worker once the pointer or the keyboard is in that part of the form, since its start takes seconds.

    It ends by itself when it was not asked for anything for a while. Where it cannot start, the preview says why.
    """

    async def warm() -> None:
        with suppress(StartFailed, WorkerLost):
            await asyncio.to_thread(previews.warm, studio)

    for event in ("mouseenter", "focusin"):
        section.on(event, warm, [], throttle=NEAR_SECONDS)


async def open_preview(page: "TrainingPage", config: Mapping[str, Any], pipeline: PipelineName) -> None:
    with ui.dialog().props("maximized=false") as dialog, ui.card().classes("panel preview"):
        dialog.props["aria-label"] = f"Preview: Augmentations ({WORDS[pipeline]})"
        PreviewPanel(page, config, pipeline, dialog.close)
    dialog.on("hide", dialog.delete)
    dialog.open()


class PreviewPanel:
    """Rows are images, columns the steps. Another epoch means other random numbers; the same gives the same."""

    def __init__(self, page: "TrainingPage", config: Mapping[str, Any], pipeline: PipelineName, close: Any) -> None:
        self._page = page
        self._config = config
        self._pipeline = pipeline
        self._epoch = 1
        self._turn = 0
        with ui.row().classes("w-full items-center gap-2"):
            ui.label(f"Preview: Augmentations ({WORDS[pipeline]})").classes(
                "text-base font-semibold flex-1 preview-title"
            )
            self._count = ui.select(COUNTS, value=COUNTS[0], label="Images", on_change=self._draw).classes("w-24")
            self._again = ui.button("Other random values", icon="casino", on_click=self._other)
            self._again.props("outline color=primary no-wrap")
            self._again.set_visibility(pipeline == "train")
            closer = ui.button(icon="close", on_click=close).props("flat round dense color=grey-7")
            closer.props["aria-label"] = "Close"
        self._state = ui.label("Starting the preview…").classes("muted").props("role=status")
        self._grid = ui.element("div").classes("preview-grid").props('tabindex=0 role=region aria-label="Pictures"')
        ui.timer(0, self._draw, once=True)

    async def _other(self) -> None:
        self._epoch += 1
        await self._draw()

    async def _draw(self) -> None:
        self._turn += 1
        turn = self._turn
        self._state.set_text(f"Epoch {self._epoch}: drawing…" if self._pipeline == "train" else "Drawing…")
        try:
            found = await asyncio.to_thread(
                previews.preview,
                self._page.studio,
                self._page.project.id,
                self._request(),
                page=str(self._grid.client.id),
            )
        except Superseded:
            return
        except (AIStudioError, ValidationError) as error:
            if turn == self._turn and not self._grid.is_deleted:
                wrong = invalid(PreviewRequest, error) if isinstance(error, ValidationError) else error
                self._state.set_text(str(wrong))
                self._grid.clear()
            return
        if turn == self._turn and not self._grid.is_deleted:
            self._show(found)

    def _request(self) -> PreviewRequest:
        """Of the form as it is: what was typed may be wrong."""
        config, model = self._config, self._config.get("model", {})
        return PreviewRequest.model_validate(
            {
                "transforms": list(config["augmentations"][self._pipeline]),
                "pipeline": self._pipeline,
                "backbone": str(model.get("backbone")),
                "pretrained": bool(model.get("pretrained")),
                "seed": config["training"]["seed"],
                "epoch": self._epoch,
                "count": int(self._count.value),
                "split": config.get("split"),
            }
        )

    def _show(self, found: Preview) -> None:
        each = "the same in every epoch" if self._pipeline == "val" else f"as the model sees it in epoch {self._epoch}"
        steps = len(found.steps)
        self._state.set_text(
            f"{steps} {'step' if steps == 1 else 'steps'}, {each}. Seed {self._config['training']['seed']}."
        )
        self._grid.clear()
        self._grid.style(f"grid-template-columns: repeat({steps + 1}, minmax(96px, 1fr))")
        with self._grid:
            for number, kind in enumerate(["Original", *found.steps]):
                ui.label(kind if not number else f"{number}. {kind}").classes("preview-step")
            for image in found.images:
                self._row(found, image)

    def _row(self, found: Preview, image: PreviewImage) -> None:
        if image.error:
            ui.label(f"{image.name}: {image.error}").classes("reason bad wide")
            return
        for step, picture in enumerate(image.pictures):
            caption = image.label or image.name if not step else _caption(picture)
            with ui.element("figure").classes("preview-picture" + ("" if picture.applied else " skipped")):
                shown = ui.element("img").props(f"loading=lazy width={picture.width} height={picture.height}")
                shown.props["src"] = f"/api/projects/{found.project}/previews/{found.id}/{picture.file}"
                shown.props["alt"] = f"{image.name} after {found.steps[step - 1]}" if step else image.name
                with ui.element("figcaption").classes("cut numbers") as small:
                    ui.label(caption).classes("cut")
                small.props["title"] = image.name if not step else _drawn(picture) or caption


def _caption(picture: PreviewPicture) -> str:
    if not picture.applied:
        return "left out by chance"
    if picture.values is not None and None not in picture.values:
        low, high = picture.values
        return f"{low:.1f} … {high:.1f}"
    return f"{picture.width} × {picture.height}"


def _drawn(picture: PreviewPicture) -> str:
    """The numbers that chance gave the step."""
    return ", ".join(f"{name} {value}" for name, value in picture.drawn.items())[:300]
