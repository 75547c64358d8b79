"""What the machine did while a run trained, and what it does now."""

from collections.abc import Iterable, Sequence

from aistudio.errors import BadInput
from aistudio.jobs.system import Moment
from aistudio.schema.system import CARD, MACHINE, GpuSample, MachineLoad, SystemCurves
from aistudio.studio import Studio

Row = list[float | None]


def load(studio: Studio) -> MachineLoad:
    """Not for the event loop."""
    return studio.load.now()


def system(studio: Studio, pid: str, eid: str, max_points: int | None = 2000, since: int = 0) -> SystemCurves:
    """The samples from the `since`-th on, thinned to so many rows: see `SystemCurves`. Ten viewers read no more."""
    if since < 0 or (max_points is not None and max_points < 2):
        raise BadInput("since must be 0 or more, and max_points 2 or more.")
    moments = studio.system.of(studio.workspace.project(pid).experiment(eid)).moments()
    begin = since if since <= len(moments) else 0
    gpus = _gpus(moments)
    rows = [_row(moment, list(gpus)) for moment in moments[begin:]]
    return SystemCurves(
        columns=[*MACHINE, *(f"{gpu} {name}" for gpu in gpus for name in CARD)],
        rows=_thin(rows, max_points),
        gpus=list(gpus.values()),
        memory_total=moments[-1].sample.memory_total if moments else None,
        since=begin,
        cursor=len(moments),
    )


def _gpus(moments: Iterable[Moment]) -> dict[str, GpuSample]:
    """Each with its last sample."""
    return dict(sorted({gpu.id: gpu for moment in moments for gpu in moment.sample.gpus}.items()))


def _row(moment: Moment, gpus: Sequence[str]) -> Row:
    sample = moment.sample
    own: Row = [getattr(sample, name) for name in MACHINE[3:]]
    cards = {gpu.id: [getattr(gpu, name) for name in CARD] for gpu in sample.gpus}
    empty: Row = [None] * len(CARD)
    told = [value for gpu in gpus for value in cards.get(gpu, empty)]
    return [round(moment.time, 3), sample.time, moment.attempt, *own, *told]


def _thin(rows: Sequence[Row], max_points: int | None) -> list[Row]:
    """Of each window two rows: at its beginning the lowest of each column, at its end the highest, so peaks stay."""
    if max_points is None or len(rows) <= max_points:
        return list(rows)
    window = -(-len(rows) // (max_points // 2))
    return [row for start in range(0, len(rows), window) for row in _extremes(rows[start : start + window])]


def _extremes(rows: Sequence[Row]) -> list[Row]:
    if len(rows) <= 2:
        return list(rows)
    columns = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    low, high = ([most(column, default=None) for column in columns] for most in (min, max))
    return [low, high]
