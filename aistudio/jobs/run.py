"""What a run has said so far: a pure fold of its events, without I/O."""

from dataclasses import dataclass, field
from functools import reduce
from itertools import count, repeat

from aistudio.jobs.steps import AnyLine, Steps
from aistudio.schema.events import (
    CheckpointSaved,
    EpochFinished,
    ImageSkipped,
    ImportProgressed,
    ImportReported,
    PhaseEntered,
    Planned,
    Resumed,
    Started,
    StepsLogged,
    Warned,
)
from aistudio.schema.experiment import MainMetric, MetricValues, Phase, Progress, Row
from aistudio.schema.project import ImportReport, ImportStatus

ETA_EPOCHS = 5


@dataclass
class Run:
    """`step_rows`: epoch, step, seconds, train_loss, lr of each optimizer step. `epoch_rows`: one for each epoch.

    `best` is the row of the best epoch by the main metric, the earlier one of equals. `kept` is what a resumed attempt
    found as the best: it may be of an epoch that was given up, so that `epoch_rows` lack it. `generation` rises when
    rows were taken back, so that whoever draws them starts anew. `silent`: a worker has begun and logged no step yet,
    so what is known of the pace is of before.
    """

    main_metric: MainMetric
    phase: Phase = "starting"
    epochs: int = 0
    steps_per_epoch: int = 0
    step_rows: list[tuple[int, int, float, float | None, float]] = field(default_factory=list)
    epoch_rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    checkpoint_epoch: int | None = None
    skipped: int = 0
    generation: int = 0
    silent: bool = False
    best: Row | None = None
    kept: Row | None = None

    def feed(self, event: AnyLine) -> None:
        match event:
            case Steps() | StepsLogged():
                self._add_steps(event)
            case Started():
                self.phase, self.silent = "starting", True
            case Resumed(epoch=epoch, best=best):
                self.kept = best
                self._forget_after(epoch)
            case PhaseEntered(phase=phase):
                self.phase = phase
            case Planned(epochs=epochs, steps_per_epoch=steps):
                self.epochs, self.steps_per_epoch = epochs, steps
            case EpochFinished(row=row):
                self._add_epoch(row)
            case ImageSkipped(skipped=skipped):
                self.skipped = skipped
            case Warned(message=message):
                self.warnings.append(message)
            case CheckpointSaved(name="last", epoch=epoch):
                self.checkpoint_epoch = epoch

    def _add_steps(self, event: Steps | StepsLogged) -> None:
        """A line with one step, as slow training writes them, is worth a way of its own: a third less for a million."""
        self.silent = False
        epoch, step, elapsed, losses, rates = event.epoch, event.step, event.elapsed, event.train_loss, event.lr
        if len(elapsed) == 1:
            self.step_rows.append((epoch, step, elapsed[0], losses[0], rates[0]))
        else:
            self.step_rows.extend(zip(repeat(epoch), count(step), elapsed, losses, rates))

    def _add_epoch(self, row: Row) -> None:
        """A resumed attempt repeats the row of its checkpoint: a crash may have come between the two."""
        if self.epoch_rows and (self.epoch_rows[-1]["epoch"] or 0) >= (row["epoch"] or 0):
            self._keep([known for known in self.epoch_rows if (known["epoch"] or 0) < (row["epoch"] or 0)])
        self.epoch_rows.append(row)
        self.best = self._better(self.best, row)

    def _forget_after(self, epoch: int) -> None:
        """A resumed attempt goes on after this epoch: what an earlier one had of later ones does not count."""
        self.step_rows = [row for row in self.step_rows if row[0] <= epoch]
        self._keep([row for row in self.epoch_rows if (row["epoch"] or 0) <= epoch])
        self.generation += 1  # last: who sees the new one sees nothing old

    def _keep(self, rows: list[Row]) -> None:
        self.epoch_rows, self.best = rows, reduce(self._better, rows, self.kept)

    def _better(self, best: Row | None, row: Row) -> Row | None:
        """Asked once for each row: looking through them all whenever somebody asks is slow in a long run."""
        metric = self.main_metric.name
        value = row.get(metric)
        if value is None or (best is not None and not self.main_metric.better(value, best[metric] or 0.0)):
            return best
        return row

    @property
    def best_epoch(self) -> int | None:
        return int(self.best["epoch"] or 0) if self.best else None

    @property
    def metrics(self) -> MetricValues:
        return MetricValues(best=self.best, last=self.epoch_rows[-1] if self.epoch_rows else None)

    @property
    def seconds(self) -> float | None:
        """Seconds of training that were logged."""
        ends = [row[2] for row in self.step_rows[-1:]] + [row["time"] or 0.0 for row in self.epoch_rows[-1:]]
        return max(ends, default=None)

    @property
    def unfinished(self) -> tuple[int, float]:
        """Steps since the last finished epoch and the seconds they took: what a stop gives up."""
        if not self.step_rows:
            return 0, 0.0
        last = self.epoch_rows[-1] if self.epoch_rows else {"step": 0.0, "time": self.step_rows[0][2]}
        _, step, now, *_ = self.step_rows[-1]
        return max(step - int(last.get("step") or 0), 0), max(now - (last.get("time") or 0.0), 0.0)

    @property
    def progress(self) -> Progress:
        step = self.step_rows[-1][1] if self.step_rows else 0
        return Progress(
            epoch=len(self.epoch_rows),
            epochs=self.epochs,
            step=step,
            steps=self.epochs * self.steps_per_epoch,
            eta_seconds=self._eta(step),
        )

    def _eta(self, step: int) -> float | None:
        """Seconds left at the pace of the last epochs, or before the first one of the steps so far."""
        if not self.step_rows or not self.epochs or self.silent:
            return None
        (_, first_step, began, *_), now = (
            self.step_rows[0],
            self.step_rows[-1][2],
        )  # loading comes before the first step
        if self.epoch_rows:
            recent = self.epoch_rows[-ETA_EPOCHS - 1 :]
            first = recent[0] if len(recent) > 1 else {"time": began, "epoch": 0.0}
            last_time, last_epoch = recent[-1]["time"] or 0.0, recent[-1]["epoch"] or 1.0
            each = (last_time - (first["time"] or 0.0)) / max(last_epoch - (first["epoch"] or 0.0), 1)
            return max((self.epochs - last_epoch) * each - max(now - last_time, 0.0), 0.0)
        done = step - first_step
        return (now - began) / done * (self.epochs * self.steps_per_epoch - step) if done else None


@dataclass
class ImportRun:
    """The same fold for an import."""

    status: ImportStatus = "checking"
    done: int = 0
    total: int = 0
    report: ImportReport | None = None

    def feed(self, event: AnyLine) -> None:
        match event:
            case ImportProgressed(status=status, done=done, total=total):
                self.status, self.done, self.total = status, done, total
            case ImportReported(report=report):
                self.report = report
