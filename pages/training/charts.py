"""The three charts of a run, fed from what it has said so far: loss, metrics, learning rate."""

from collections.abc import Mapping

from nicegui import ui

from aistudio.jobs.curves import StepRow, thin_by
from aistudio.jobs.run import Run
from aistudio.ui.live_chart import COLOURS, Line, LiveChart

POINTS = 2000

LOSS = (
    Line("train, each step", COLOURS[0], faint=True),
    Line("train", COLOURS[0], markers=True),
    Line("validation", COLOURS[1], markers=True),
)


class Charts:
    """Only what is new is sent. Steps go in windows of fixed size, so a long run needs as few points as a short one."""

    def __init__(self, metrics: Mapping[str, str]) -> None:
        self._metrics = metrics
        self.generation: int | None = None
        self._steps = 0
        self._epochs = 0
        metric_lines = [Line(label, COLOURS[number], markers=True) for number, label in enumerate(metrics.values())]
        self._loss = _chart("Loss", LOSS)
        self._values = _chart("Metrics", metric_lines, percent=True)
        self._rate = _chart("Learning Rate", [Line("learning rate", COLOURS[0])], logarithmic=True)

    def update(self, run: Run, ended: bool) -> None:
        self.generation = run.generation
        self._add_steps(run, ended)
        self._add_epochs(run)
        for chart in (self._loss, self._values, self._rate):
            if chart.parent_slot is not None:
                chart.parent_slot.parent.set_visibility(not chart.empty)
        if ended:
            self._mark(run)

    def _add_steps(self, run: Run, ended: bool) -> None:
        if not run.steps_per_epoch:
            return
        window = max(-(-2 * run.epochs * run.steps_per_epoch // POINTS), 1)
        whole = len(run.step_rows) if ended else len(run.step_rows) // window * window
        rows: list[StepRow] = thin_by(run.step_rows[self._steps : whole], window)
        self._steps = max(whole, self._steps)
        xs = [row[1] / run.steps_per_epoch for row in rows]
        self._loss.extend(0, xs, [row[3] for row in rows])
        self._rate.extend(0, xs, [row[4] for row in rows])

    def _add_epochs(self, run: Run) -> None:
        rows = run.epoch_rows[self._epochs :]
        self._epochs += len(rows)
        xs = [row["epoch"] or 0 for row in rows]
        self._loss.extend(1, xs, [row.get("train_loss") for row in rows])
        self._loss.extend(2, xs, [row.get("val_loss") for row in rows])
        for line, name in enumerate(self._metrics):
            self._values.extend(line, xs, [row.get(name) for row in rows])

    def _mark(self, run: Run) -> None:
        if run.best_epoch is not None:
            for chart in (self._loss, self._values):
                chart.mark_best(run.best_epoch, f"best epoch {run.best_epoch}")


def _chart(
    title: str, lines: tuple[Line, ...] | list[Line], percent: bool = False, logarithmic: bool = False
) -> LiveChart:
    with ui.column().classes("w-full gap-1"):
        with ui.row().classes("chart-head"):
            ui.label(title).classes("section-title").props("role=heading aria-level=3")
            if len(lines) > 1:
                with ui.row().classes("gap-3"):
                    for line in lines:
                        _legend(line)
        return LiveChart(f"{title} chart", lines, "Epoch", percent=percent, logarithmic=logarithmic)


def _legend(line: Line) -> None:
    with ui.element("span").classes("legend"):
        ui.element("i").style(f"background: {line.colour}; opacity: {0.4 if line.faint else 1}")
        ui.label(line.name)
