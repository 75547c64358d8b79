"""What the machine of a run was doing: one sample after the other, as curves, and at this moment."""

from aistudio.schema.base import Document


class GpuSample(Document):
    """One GPU: use in percent, memory in bytes, temperature in °C, power in watts; null is what it does not tell."""

    id: str
    uuid: str
    name: str
    utilization: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    temperature: float | None = None
    power: float | None = None


class SystemSample(Document):
    """A line of `system.jsonl`. `time`: seconds since 1970; `elapsed`: seconds of training, earlier attempts included.

    `cpu_percent` is of all cores together (0 to 100), `worker_cpu_percent` of one (100 for each busy core). Memory is
    in bytes; the worker's is that of all its processes, of the further ones without what they map in common. `gpus`
    are those that the run holds.
    """

    time: float
    elapsed: float
    cpu_percent: float
    memory_used: int
    memory_total: int
    worker_cpu_percent: float
    worker_memory: int
    gpus: list[GpuSample] = []


class SystemCurves(Document):
    """The samples of all attempts as a table: `columns` are those of `MACHINE`, then for each GPU those of `CARD`.

    `time` is seconds of training as in the metrics. An attempt whose first sample lies before the last one of the
    attempt before it (which went on after its last logged step) is moved behind that, so the time never goes back.
    `at` is seconds since 1970. The GPU columns are called `gpu:0 utilization` and so on.

    `rows` are those from the `since`-th sample on, and the next request may go on from `cursor`. If `since` is not what
    was asked for then the run began anew: forget what came before. Where `columns` changed a GPU joined: ask anew.
    """

    columns: list[str]
    rows: list[list[float | None]]
    gpus: list[GpuSample]
    memory_total: int | None
    since: int
    cursor: int


MACHINE = ("time", "at", "attempt", "cpu_percent", "memory_used", "worker_cpu_percent", "worker_memory")
CARD = ("utilization", "memory_used", "temperature", "power")


class GpuLoad(Document):
    """A GPU at this moment; null is what it does not tell."""

    id: str
    name: str
    utilization: float | None = None
    memory_used: int
    memory_total: int


class MachineLoad(Document):
    """The machine of the server at this moment: percent of all cores, bytes of memory, and every GPU."""

    cpu_percent: float
    memory_used: int
    memory_total: int
    gpus: list[GpuLoad]
