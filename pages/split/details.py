"""Middle column while a split is looked at: how it was made, who uses it, and what can be done with it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment
from aistudio.schema.project import Dataset
from aistudio.schema.split import Split
from aistudio.ui.words import sentence
from pages.split import words

if TYPE_CHECKING:
    from pages.split.page import SplitPage

MANY = 20


class Details:
    """Drawn once; its facts are those of the split that is selected."""

    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        with ui.column().classes("panel column split-details").props('role=region aria-label="Split"') as self._all:
            with ui.element("div").classes("column-head"):
                self._name = ui.label().classes("panel-title cut").props("role=heading aria-level=2")
                self._earlier = ui.label("of an earlier data set").classes("badge wait")
            with ui.element("div").classes("column-body"):
                self._facts = ui.element("dl").classes("facts split-facts")
                with ui.column().classes("w-full gap-2"):
                    ui.label("Used by").classes("section-title").props("role=heading aria-level=3")
                    self._users = ui.column().classes("w-full gap-1")
            with ui.element("div").classes("column-foot flex-wrap"):
                self._reason = ui.label().classes("reason flex-1").props("role=status")
                self._delete = ui.button("Delete", icon="delete_outline", on_click=page.actions.delete_selected)
                self._delete.props("flat color=negative")
                ui.button("Copy Settings", icon="content_copy", on_click=page.actions.copy_selected).props(
                    "outline color=primary"
                )
                ui.button("Train on It", icon="model_training", on_click=page.actions.train_selected)

    def show(self, split: Split, data: Dataset, users: Sequence[Experiment]) -> None:
        """`data` is the version that the split was made of."""
        self._name.set_text(split.name)
        self._earlier.set_visibility(split.dataset_version != self._page.data.version)
        self._facts.clear()
        with self._facts:
            for term, text in facts(split, data):
                with ui.element("dt"):
                    ui.label(term)
                with ui.element("dd"):
                    ui.label(text)
        self._users.clear()
        with self._users:
            for one in users[:MANY]:
                ui.link(one.name, f"/projects/{self._page.project.id}/training?experiment={one.id}").classes("cut")
            if len(users) > MANY:
                ui.label(f"and {len(users) - MANY:,} more").classes("faint")
            if not users:
                ui.label("No experiment yet.").classes("faint")
        busy = next((one.name for one in users if one.active), None)
        self._delete.set_enabled(busy is None)
        self._reason.set_text(f"{busy} is training on it, so it cannot be deleted now." if busy else "")


def facts(split: Split, data: Dataset) -> list[tuple[str, str]]:
    """What is known of how it was made."""
    kept = [words.grouped(split.group_by)] if split.group_by else []
    kept += ["images that look alike"] if split.keep_twins and split.origin != "source" else []
    found = [words.origin(split)]
    if split.origin != "source":
        found += [
            ("Seed", str(split.seed)),
            ("Stratified", words.strategy(data.annotation, split.target)),
            ("Kept together", sentence(" · ".join(kept)) or "Nothing"),
        ]
    version = f"Version {split.dataset_version}"
    found.append(("Data set", f"{version}, {sum(split.sizes.values()):,} images" if split.sizes else version))
    if split.created_at:
        found.append(("Made", f"{split.created_at.astimezone():%d %b %Y, %H:%M}"))
    return found
