"""The three charts of a run, fed from what it has said so far: loss, metrics, learning rate."""

from collections.abc import Callable, Mapping, Sequence

from nicegui import app, events, ui

from aistudio.jobs.curves import StepRow, thin_by
from aistudio.jobs.run import Run
from aistudio.schema.experiment import Row
from aistudio.ui.live_chart import COLOURS, Axis, Line, LiveChart, Place

POINTS = 2000
AXES = (Axis("Epoch"), Axis("Step"), Axis("Time", unit="seconds"))
LOSS = (
    Line("train, each step", COLOURS[0], faint=True),
    Line("train", COLOURS[0], markers=True),
    Line("validation", COLOURS[1], markers=True),
)


class Charts:
    """Only what is new is sent. Rows go in windows of fixed size, so a long run needs as few points as a short one."""

    def __init__(self, metrics: Mapping[str, str]) -> None:
        self._metrics = metrics
        self._name = self._csv = ""
        self.generation: int | None = None
        self._steps = 0
        self._epochs = 0
        metric_lines = [Line(label, COLOURS[number], markers=True) for number, label in enumerate(metrics.values())]
        with ui.column().classes("w-full gap-3") as self._box:
            self._view = View(self._show)
            self._loss = self._chart("Loss", LOSS)
            self._values = self._chart("Metrics", metric_lines, ticks="percent")
            self._rate = self._chart("Learning Rate", [Line("learning rate", COLOURS[0])], ticks="rate")
        self._view.changed()

    def begin(self, name: str, csv: str) -> None:
        """Another run: `name` is in the name of a picture; `csv` is where all values can be had."""
        another, self._csv = csv != self._csv, csv
        self._name = name
        self._view.link(csv)
        self.generation = None
        self._steps = self._epochs = 0
        for chart in (self._loss, self._values, self._rate):
            chart.restart()
            if another:
                chart.show_all()
        self._box.set_visibility(False)

    def update(self, run: Run, ended: bool) -> None:
        self.generation = run.generation
        self._add_steps(run, ended)
        self._add_epochs(run, ended)
        for chart in (self._loss, self._values, self._rate):
            if chart.parent_slot is not None:
                chart.parent_slot.parent.set_visibility(not chart.empty)
        self._box.set_visibility(not self._loss.empty)
        self._mark(run)

    def _show(self, axis: int, smoothing: float) -> None:
        for chart in (self._loss, self._values, self._rate):
            chart.show(axis=axis, smoothing=0.0 if chart is self._rate else smoothing)

    def _add_steps(self, run: Run, ended: bool) -> None:
        if not run.steps_per_epoch:
            return
        window = max(-(-2 * run.epochs * run.steps_per_epoch // POINTS), 1)
        whole = len(run.step_rows) if ended else len(run.step_rows) // window * window
        rows: list[StepRow] = thin_by(run.step_rows[self._steps : whole], window)
        self._steps = max(whole, self._steps)
        places: list[Place] = [(row[1] / run.steps_per_epoch, row[1], row[2]) for row in rows]
        self._loss.extend(0, places, [row[3] for row in rows])
        self._rate.extend(0, places, [row[4] for row in rows])

    def _add_epochs(self, run: Run, ended: bool) -> None:
        """Every epoch, or of a very long run every n-th and the last one."""
        stride = max(-(-run.epochs // POINTS), 1)
        whole = len(run.epoch_rows) if ended else len(run.epoch_rows) // stride * stride
        rows = run.epoch_rows[self._epochs : whole]
        rows = [row for number, row in enumerate(rows, start=1) if number % stride == 0 or number == len(rows)]
        self._epochs = max(whole, self._epochs)
        places = [_place(row) for row in rows]
        self._loss.extend(1, places, [row.get("train_loss") for row in rows])
        self._loss.extend(2, places, [row.get("val_loss") for row in rows])
        for line, name in enumerate(self._metrics):
            self._values.extend(line, places, [row.get(name) for row in rows])

    def _mark(self, run: Run) -> None:
        best = run.best
        for chart in (self._loss, self._values):
            chart.annotate([(_place(best), f"best epoch {run.best_epoch}")] if best else [])

    def _chart(self, title: str, lines: Sequence[Line], ticks: str = "number") -> LiveChart:
        with ui.column().classes("w-full gap-1"):
            with ui.row().classes("chart-head"):
                ui.label(title).classes("section-title").props("role=heading aria-level=3")
                if len(lines) > 1:
                    with ui.row().classes("gap-3"):
                        for line in lines:
                            legend(line)
                tools = ui.row().classes("gap-0 chart-buttons")
            chart = LiveChart(f"{title} chart", lines, AXES, ticks=ticks)
        with tools:
            _log_button(chart, title)
            picture = ui.button(icon="image", on_click=lambda: chart.download(f"{self._name} {title}"))
            picture.props("flat round dense size=sm color=grey-7").tooltip("Download PNG")
            picture.props["aria-label"] = f"Download PNG of {title}"
        return chart


class View:
    """What the charts are drawn over, and how smooth; remembered for this browser."""

    def __init__(self, show: Callable[[int, float], None]) -> None:
        self._show = show
        known = app.storage.user.get("charts", {})
        titles = dict(enumerate(axis.title for axis in AXES))
        with ui.row().classes("chart-tools items-center w-full"):
            ui.label("X axis").classes("faint").props("aria-hidden=true")
            self._axis = ui.toggle(titles, value=known.get("axis", 0), on_change=self.changed)
            self._axis.props('dense unelevated no-caps toggle-color=primary size=sm role=group aria-label="X axis"')
            ui.label("Smoothing").classes("faint").props("aria-hidden=true")
            self._smoothing = float(known.get("smoothing", 0))
            self._range()
            self._amount = ui.label().classes("faint numbers").props("aria-hidden=true")
            ui.space()
            self._csv = ui.link("CSV").classes("chart-csv").props("download")
            self._csv.props["aria-label"] = "Download CSV"

    def link(self, csv: str) -> None:
        self._csv.props["href"] = csv

    def _range(self) -> None:
        """The browser's own: what has the keyboard is what has the name, and no key is lost on the way."""
        smooth = ui.element("input").props("type=range min=0 max=0.98 step=0.02").classes("chart-smooth")
        smooth.props["aria-label"] = "Smoothing"
        smooth.props["^value"] = str(self._smoothing)  # where it begins; from then on the browser has it
        smooth.on("input", self._smoothen, js_handler="(event) => emit(event.target.valueAsNumber)", throttle=0.05)

    def _smoothen(self, event: events.GenericEventArguments) -> None:
        self._smoothing = min(max(float(event.args), 0.0), 0.98)
        self.changed()

    def changed(self) -> None:
        axis, smoothing = int(self._axis.value), self._smoothing
        self._amount.set_text(f"{smoothing:.2f}")
        app.storage.user["charts"] = {"axis": axis, "smoothing": smoothing}
        self._show(axis, smoothing)


def _place(row: Row) -> Place:
    return (row.get("epoch"), row.get("step"), row.get("time"))


def _log_button(chart: LiveChart, title: str) -> None:
    button = ui.button("log").props("flat dense size=sm color=grey-7 aria-pressed=false").tooltip("Logarithmic y axis")
    button.props["aria-label"] = f"Logarithmic {title}"

    def toggle() -> None:
        chart.show(logarithmic=not chart.logarithmic)
        button.props(f"color={'primary' if chart.logarithmic else 'grey-7'}")
        button.props(f"aria-pressed={'true' if chart.logarithmic else 'false'}")

    button.on_click(toggle)


def legend(line: Line) -> None:
    with ui.element("span").classes("legend"):
        ui.element("i").style(f"background: {line.colour}; opacity: {'var(--faint-line)' if line.faint else 1}")
        ui.label(line.name)
