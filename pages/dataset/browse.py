"""The images themselves: filters, order, tiles or a list, pages, and one image large."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nicegui import app, ui

from aistudio.errors import AIStudioError
from aistudio.schema.project import ImagePage, ImageRecord, Subset
from aistudio.service import datasets, splits
from aistudio.ui.dialogs import complain
from aistudio.ui.image_grid import ImageGrid
from aistudio.ui.image_viewer import ImageViewer
from aistudio.ui.overlays import picture, small
from aistudio.ui.quiet import Quiet
from aistudio.ui.words import counted, size
from pages.dataset.filters import Filters
from pages.dataset.view import View

if TYPE_CHECKING:
    from pages.dataset.page import DataPage

SIZES = {"small": 160, "medium": 80, "large": 40, "list": 50}  # images on a page
WORDS = {"small": "Small", "medium": "Medium", "large": "Large", "list": "List"}


@dataclass(frozen=True)
class Answer:
    """A page of images, and the version that they are of."""

    found: ImagePage
    version: int | None


class Browse:
    def __init__(self, page: "DataPage") -> None:
        self.page = page
        self._turn = 0
        self._quiet = Quiet()
        self._found: ImagePage | None = None
        self._pictures: list[dict[str, Any]] = []
        self.filters = Filters(page)
        with ui.row().classes("w-full items-center gap-2"):
            self._count = ui.label().classes("muted numbers").props("role=status")
            self._clear = ui.button("Clear the filters", on_click=self._clear_filters).props("flat dense color=primary")
            ui.space()
            self._marks = ui.checkbox("Annotations", value=True, on_change=self._look)
            self._size = ui.toggle(WORDS, value=self._remembered(), on_change=self._resize)
            self._size.props("dense unelevated no-caps toggle-color=primary size=12px").classes("size-choice")
            self._size.props["aria-label"] = "Size of the images"
        self._grid = ImageGrid("Images", self._open)
        self._grid.classes("w-full")
        self._none = ui.label().classes("empty panel")
        self._pager = ui.pagination(1, 1, direction_links=True, on_change=lambda event: self._go(int(event.value)))
        self._pager.props("max-pages=9 boundary-links")
        self._viewer = ImageViewer(self._step, self._alike, self._close)
        self._look()

    async def start(self) -> None:
        """Another version, or the first look at this one."""
        self._turn += 1  # what is still read is of the last version
        await self.filters.start()
        await self.show()

    async def show(self) -> None:
        view = self.page.view
        self.filters.fill(view)
        self._turn += 1
        turn = self._turn
        answer = await self._read(view)
        if answer is None or turn != self._turn:
            return
        self._found = found = answer.found
        if found.page != view.page:  # the address is older than the images
            self.page.view = replace(self.page.view, page=found.page)
            ui.navigate.history.replace(self.page.address(self.page.view))
        number = {name: place for place, name in enumerate(self.page.summary.classes)}
        folder = f"/api/projects/{self.page.project.id}/dataset"
        self._pictures = [picture(record, number, folder, answer.version) for record in found.images]
        for drawn, record in zip(self._pictures, found.images, strict=True):
            drawn |= {"bytes": size(record.bytes), "format": record.format, "subset": record.subset or ""}
            drawn |= {"twin": record.twin is not None}
        self._grid.show([small(drawn) for drawn in self._pictures])
        self._grid.set_visibility(bool(found.images))
        self._none.set_visibility(not found.images)
        self._none.set_text(_nothing(view))
        newest = answer.version == self.page.summary.version
        earlier = "" if newest else f" of version {answer.version}, an earlier one"
        self._count.set_text(_counted(found, self.page.summary.images) + earlier)
        self._clear.set_visibility(view.narrowed)
        pages = max(1, -(-found.total // found.page_size))
        self._pager.set_visibility(pages > 1)
        self._pager.props["max"] = pages
        with self._quiet:
            self._pager.set_value(found.page)
        self._show_image()

    async def _read(self, view: View) -> Answer | None:
        """None where nothing can be read, or nobody looks at it any more."""
        turn = self._turn
        try:
            return await asyncio.to_thread(self._ask, view)
        except AIStudioError as error:
            if turn == self._turn:
                complain(error)
                if view.split:  # which may have been deleted: the images are there without it
                    await self.page.look(replace(self.page.view, split="", subset=""), push=False)
            return None

    def _ask(self, view: View) -> Answer:
        """The last page, if there are fewer, or that of the image. Runs in a thread, so it changes nothing here."""
        studio, pid = self.page.studio, self.page.project.id
        version = splits.get(studio, pid, view.split).dataset_version if view.split else self.page.summary.version
        subset: Subset | None = view.subset or None  # type: ignore[assignment]
        arguments = (SIZES[str(self._size.value)], view.label or None, view.search, view.sort)
        more = (view.split or None, subset, view.problem or None, view.alike)

        def ask(page: int) -> ImagePage:
            return datasets.images(studio, pid, page, *arguments, *more, version=version)

        found = ask(view.page)
        last = max(1, -(-found.total // found.page_size))
        if view.page > last:
            found = ask(last)
        if view.image is not None and view.sort == "id" and not _has(found, view.image):
            there = ask(_page_of(view.image, last, ask))
            found = there if _has(there, view.image) else found
        return Answer(found, version)

    def _go(self, page: int) -> Awaitable[None] | None:
        if self._quiet.on or page == self.page.view.page:
            return None
        return self.page.look(replace(self.page.view, page=page, image=None))

    async def _clear_filters(self) -> None:
        await self.page.look(self.page.view.anew(sort=self.page.view.sort))

    def _look(self) -> None:
        self._grid.look(str(self._size.value), bool(self._marks.value))

    async def _resize(self) -> None:
        """The first image of the page stays on the page."""
        app.storage.user["image_size"] = self._size.value
        self._look()
        if self._found is not None:
            first = (self._found.page - 1) * self._found.page_size
            page = first // SIZES[str(self._size.value)] + 1
            await self.page.look(replace(self.page.view, page=page, image=None), push=False)

    def _remembered(self) -> str:
        kept = app.storage.user.get("image_size")
        return kept if kept in SIZES else "medium"

    async def _open(self, place: int) -> None:
        if self._found is not None and place < len(self._found.images):
            await self._turn_to(self._found.images[place].id)

    async def _turn_to(self, image: int | None) -> None:
        before = self.page.view
        self.page.view = replace(before, image=image)
        step = ui.navigate.history.push if before.image is None else ui.navigate.history.replace
        step(self.page.address(self.page.view))
        self._show_image()

    def _place(self) -> int | None:
        images = self._found.images if self._found else []
        return next((place for place, one in enumerate(images) if one.id == self.page.view.image), None)

    def _show_image(self) -> None:
        place, found = self._place(), self._found
        if place is None or found is None:
            self._viewer.show(None, [], "", False, False)
            return
        number = (found.page - 1) * found.page_size + place + 1
        title = f"{number:,} of {found.total:,}"
        self._viewer.show(self._pictures[place], _facts(found.images[place]), title, number > 1, number < found.total)

    async def _step(self, step: int) -> None:
        """To the next image or the one before, on another page too."""
        place, found = self._place(), self._found
        if place is None or found is None:
            return
        if 0 <= place + step < len(found.images):
            await self._turn_to(found.images[place + step].id)
            return
        page = found.page + step
        if page < 1 or (page - 1) * found.page_size >= found.total:
            return
        view = self.page.view
        following = await self._read(replace(view, page=page, image=None))
        if following is None or not following.found.images or self.page.view != view:
            return  # or it was closed meanwhile, or another key was faster
        image = following.found.images[0 if step > 0 else -1].id
        await self.page.look(replace(view, page=following.found.page, image=image), push=False)

    async def _alike(self) -> None:
        await self.page.look(self.page.view.anew(alike=True))

    async def _close(self) -> None:
        place = self._place()
        await self._turn_to(None)
        if place is not None:
            self._grid.focus(place)


def _has(found: ImagePage, image: int) -> bool:
    return any(one.id == image for one in found.images)


def _page_of(image: int, last: int, ask: Callable[[int], ImagePage]) -> int:
    """Where an image is in the order of the ids: a link may name it alone, or with a page of tiles of another size."""
    return 1 + bisect_left(range(1, last), image, key=lambda page: ask(page).images[-1].id)


def _facts(record: ImageRecord) -> list[tuple[str, str]]:
    facts = [
        ("Size", f"{record.width:,} × {record.height:,} pixels"),
        ("File", f"{record.format}, {size(record.bytes)}"),
    ]
    if record.subset:
        facts.append(("Subset of the source", record.subset))
    return [*facts, *record.columns.items()]


def _counted(found: ImagePage, images: int) -> str:
    first = (found.page - 1) * found.page_size + 1
    if not found.images:
        return f"0 of {counted(images, 'image')}"
    shown = f"{first:,} to {first + len(found.images) - 1:,} of " if found.total > found.page_size else ""
    return f"{shown}{counted(found.total, 'image')}"


def _nothing(view: View) -> str:
    return f"No image fits the filters{f' and has “{view.search}” in its name' if view.search else ''}."
