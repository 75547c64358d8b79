"""An import under way: how far it is, what it found and asks, how it ended."""

from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.annotation import NAMES
from aistudio.schema.project import UNDER_WAY, Import, ImportReport, Problem, ProblemKind
from aistudio.service import datasets
from aistudio.ui.dialogs import attempt
from aistudio.ui.words import counted
from pages.actor import PAGE
from pages.dataset import words
from pages.dataset.problems import PORTION, Problems

if TYPE_CHECKING:
    from pages.dataset.importing import ImportPanel

WORKING = ("unpacking", "checking", "importing")
STAGES = ("Checking", "Review", "Importing")
_KEEP_FOCUS = """setTimeout(() => {
    if (document.activeElement === document.body) document.querySelector(".import-outcome")?.focus();
}, 100)"""  # what had it is gone with the form or the last stage


class Progress:
    """Drawn anew when the status changes; within one, only numbers move."""

    def __init__(self, panel: "ImportPanel") -> None:
        self._panel = panel
        self._job: Import | None = None
        self._client = ui.context.client
        self._box = (
            ui.column()
            .classes("panel panel-pad w-full")
            .props("role=region aria-label=Import")
            .classes("import-review")
        )
        self._wanted = False
        self._newest = True
        self._arrange()

    def look_at(self, newest: bool) -> None:
        """How an import ended is told beside what it brought only, not beside an earlier version."""
        self._newest = newest
        self._arrange()

    def _arrange(self) -> None:
        self._box.set_visibility(self._wanted and (self._newest or self.under_way))

    @property
    def under_way(self) -> bool:
        return self._job is not None and self._job.status in UNDER_WAY

    def show(self, job: Import) -> None:
        before, self._job = self._job, job
        if before is None or (before.id, before.status) != (job.id, job.status):
            self._draw(job)
            if before is not None:
                self._client.run_javascript(_KEEP_FOCUS)
        if job.status in WORKING:
            self._move(job)

    def _draw(self, job: Import) -> None:
        self._box.clear()
        self._wanted = True
        self._arrange()
        with self._box:
            if job.status in UNDER_WAY:
                _stages(job)
            if job.status in WORKING:
                self._running()
            elif job.status == "review" and job.report is not None:
                self._review(job, job.report)
            else:
                self._ended(job)

    def _running(self) -> None:
        self._bar = ui.linear_progress(0, show_value=False)
        self._bar.props("rounded instant-feedback aria-label=Import")  # else it shrinks for two seconds from 100 %
        with ui.row().classes("w-full items-center"):
            self._text = ui.label().classes("muted numbers").props("role=status")
            ui.space()
            ui.button("Cancel", on_click=self._cancel).props("flat dense color=primary")

    def _move(self, job: Import) -> None:
        self._bar.props("indeterminate" if not job.total else "", remove="" if not job.total else "indeterminate")
        self._bar.set_value(job.done / job.total if job.total else 0)
        done = f"{job.done:,} of {job.total:,}"
        texts = {
            "unpacking": f"{done} files unpacked",
            "checking": f"{done} images read" if job.total else "Looking through the files",
            "importing": "Putting everything in place",
        }
        self._text.set_text(texts[job.status])

    def _review(self, job: Import, report: ImportReport) -> None:
        with ui.column().classes("gap-1"):
            ui.label(_outcome(report)).classes("font-semibold import-outcome").props("role=status tabindex=-1")
            ui.label(_found(report)).classes("muted")
            ui.label("Nothing is kept yet; with Cancel everything stays as it was.").classes("muted")
            _source(job)
        _problems(report, "; after the import, the check report has all of them")
        with ui.row().classes("w-full items-center gap-2 import-actions"):
            bad = report.skipped or report.dropped
            ui.button("Import without the bad ones" if bad else "Import", icon="check", on_click=self._accept)
            ui.button("Cancel", on_click=self._cancel).props("flat color=grey-7")
            others = [one for one in report.found if one.format != report.format]
            if others:
                ui.space()
                ui.label("Not what it is?").classes("muted")
                for one in others[:2]:  # those that bring what the project needs come first
                    again = ui.button(f"Read as {one.title}", on_click=lambda one=one: self._as(one.format))
                    again.props("flat dense color=primary").tooltip(one.reason)

    def _ended(self, job: Import) -> None:
        with ui.row().classes("w-full items-start gap-2"):
            with ui.column().classes("gap-1 import-end"):
                _end(job)
            if job.status == "done" and job.report is not None and job.report.totals:
                more = ui.button("See the check report", on_click=self._panel.page.open_report)
            elif job.status != "done":
                more = ui.button("Try again", on_click=lambda: self._panel.again(job))
            else:
                more = None
            if more is not None:
                more.props("flat dense color=primary").style("flex-shrink: 0; white-space: nowrap")
            close = ui.button(icon="close", on_click=self._forget).props("flat round dense size=sm color=grey-6")
            close.props["aria-label"] = "Close the message"
        if job.status == "failed" and job.report is not None and job.report.totals:
            ui.label(words.remarks(sum(job.report.totals.values()))).classes("muted")
            _problems(job.report)

    def _forget(self) -> None:
        self._wanted = False
        self._arrange()

    async def _accept(self) -> None:
        if self._job is not None:
            job = await attempt(datasets.accept_import, self._panel.studio, PAGE, self._panel.pid, self._job.id)
            if job is not None:
                self.show(job)

    async def _cancel(self) -> None:
        if self._job is not None:
            await attempt(datasets.cancel_import, self._panel.studio, PAGE, self._panel.pid, self._job.id)

    async def _as(self, format: str) -> None:
        if self._job is not None:
            await self._panel.again(self._job, format)


def _end(job: Import) -> None:
    """How it ended, in one sentence and what there is to say of it."""
    if job.status == "failed":
        ui.label(job.error or "The import failed.").classes("bad import-outcome").props("role=alert tabindex=-1")
    elif job.status == "cancelled":
        told = ui.label("The import was cancelled; nothing was changed.").classes("muted import-outcome")
        told.props("role=status tabindex=-1")
    elif job.report is not None:
        told = ui.label(_outcome(job.report, "Imported")).classes("good import-outcome")
        told.props("role=status tabindex=-1")
        ui.label(_found(job.report)).classes("muted")
    _source(job)


def _source(job: Import) -> None:
    if job.source is not None:
        ui.label(f"From {job.source}").classes("faint").style("overflow-wrap: anywhere")


def _problems(report: ImportReport, more: str = "") -> None:
    kinds = [ProblemKind(kind=kind, effects=effects) for kind, effects in report.effects.items()]
    Problems(kinds, lambda kind, page: _listed(report, kind, page))
    total = sum(one.count for one in kinds)
    if total > len(report.problems):
        ui.label(f"{len(report.problems):,} of {total:,} are listed here{more}.").classes("faint")


def _stages(job: Import) -> None:
    """Where it is: checking, review, importing."""
    now = {"unpacking": 0, "checking": 0, "review": 1, "importing": 2}[job.status]
    with ui.row().classes("items-center gap-2 import-stages").props("role=list aria-label=Stages"):
        for number, name in enumerate(STAGES):
            if number:
                ui.icon("chevron_right", size="16px").classes("faint")
            stage = ui.label(name).props("role=listitem")
            stage.classes("font-semibold busy" if number == now else "good" if number < now else "faint")
            if number == now:
                stage.props("aria-current=step")


def _outcome(report: ImportReport, verb: str = "Can be imported:") -> str:
    what = counted(report.images, "image")
    if report.classes:
        what += f" in {counted(len(report.classes), 'class')}"
    lost = []
    if report.skipped:
        lost.append(f"{counted(report.skipped, 'image')} left out")
    if report.dropped:
        lost.append(f"{counted(report.dropped, 'annotation')} left out")
    return f"{verb} {what}{', ' if lost else ''}{', '.join(lost)}."


def _found(report: ImportReport) -> str:
    kind = NAMES[report.annotation] if report.annotation else ""
    objects = sum(report.objects.values()) if report.annotation in ("box", "rotated", "instance") else 0
    reason = f" ({report.reason})" if report.reason else ""
    parts = [f"Read as {words.format_title(report.format)}{reason}: {f'{objects:,} ' if objects else ''}{kind}"]
    if report.subsets:
        parts.append(f"with its own split of {words.subsets(report.subsets)}")
    return f"{'; '.join(parts)}."


async def _listed(report: ImportReport, kind: str, page: int) -> list[Problem]:
    mine = sorted((one for one in report.problems if one.kind == kind), key=lambda one: words.gravity(one.effect))
    return mine[(page - 1) * PORTION : page * PORTION]
