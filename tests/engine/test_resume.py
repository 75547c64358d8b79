"""A run that goes on from a checkpoint does exactly what it would have done without the break."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from aistudio.engine.checkpoints import load, save, verify
from aistudio.engine.job import Stopped
from aistudio.errors import Mismatch
from aistudio.jobs.run import Run as Told
from aistudio.schema.events import CheckpointSaved, EpochFinished, Event, PhaseEntered, Planned, Resumed, StepsLogged
from aistudio.schema.experiment import Extension
from aistudio.schema.scheduler import Cosine
from aistudio.store.checkpoints import description
from aistudio.tasks import task
from tests.engine.conftest import Data, Prepare, Recorder, Run, prepared

pytestmark = pytest.mark.engine
MOMENTUM = {"kind": "SGD", "lr": 0.05, "momentum": 0.9}
COSINE = {"kind": "Cosine", "warmup_epochs": 2}
STUCK: dict[str, Any] = {"model": {"backbone": "test_convnext"}, "optimizer": {"kind": "SGD", "lr": 1e-12}}


def in_epoch(number: int, events: list[Event]) -> bool:
    return sum(isinstance(event, PhaseEntered) and event.phase == "epoch" for event in events) == number


def broken_off(prepare: Prepare, after: int, **changes: Any) -> Run:
    """Stopped in the first step of epoch `after` + 1."""
    run = prepare(stop_when=lambda events: in_epoch(after + 1, events), **changes)
    with pytest.raises(Stopped):
        run()
    return run


def without_time(rows: list[dict[str, float | None]]) -> list[dict[str, float | None]]:
    return [{name: value for name, value in row.items() if name != "time"} for row in rows]


def weights(run: Run, name: str = "last") -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load(run.checkpoints / f"{name}.ckpt")["model"]
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": MOMENTUM, "scheduler": COSINE, "training": {"epochs": 4, "batch_multiplier": 2}},
        {"optimizer": MOMENTUM, "hardware": {"precision": "bf16-mixed"}, "scheduler": {"kind": "StepLR"}},
    ],
)
def test_a_resumed_run_equals_one_without_a_break(prepare: Prepare, changes: dict[str, Any]) -> None:
    """To the last bit: losses, learning rates, metrics and weights."""
    changes = {"training": {"epochs": 4}, **changes}
    whole = prepare(**changes)()
    resumed = broken_off(prepare, after=2, **changes).next()()
    steps = len(whole.losses) // 4
    assert resumed.losses == whole.losses[2 * steps :]
    assert resumed.rates == whole.rates[2 * steps :]
    assert without_time(resumed.rows) == without_time(whole.rows[1:])
    assert all(torch.equal(value, weights(whole)[name]) for name, value in weights(resumed).items())
    assert load(resumed.checkpoints / "last.ckpt")["step"] == 4 * steps


def test_a_run_goes_on_without_the_weights_it_began_with(data: Data, tmp_path: Path) -> None:
    """Those of the checkpoint are all it needs, and images look to it as before."""
    trained = timm.create_model("test_efficientnet", pretrained=False)
    changes = {"model": {"backbone": "test_efficientnet", "pretrained": True}, "training": {"epochs": 3}}
    runs = []
    for name, stop_when in (("whole", lambda events: False), ("broken", lambda events: in_epoch(3, events))):
        folder = tmp_path / f"weights of {name}"
        folder.mkdir()
        save_file(trained.state_dict(), folder / "test_efficientnet.r160_in1k.safetensors")
        runs.append(prepared(tmp_path / name, data, changes, stop_when, folder))
    whole, broken = runs
    whole()
    with pytest.raises(Stopped):
        broken()
    shutil.rmtree(tmp_path / "weights of broken")
    resumed = broken.next()()
    assert without_time(resumed.rows) == without_time(whole.rows[1:])
    assert all(torch.equal(value, weights(whole)[name]) for name, value in weights(resumed).items())
    names = {description(run.checkpoints / "last.ckpt")["weights"] for run in (whole, resumed)}  # type: ignore[index]
    assert names == {"test_efficientnet.r160_in1k.safetensors"}


def test_a_resumed_run_says_where_it_goes_on(prepare: Prepare) -> None:
    resumed = broken_off(prepare, after=2, training={"epochs": 3}).next(seconds_before=100.0)()
    told = [event for event in resumed.events if not isinstance(event, PhaseEntered)]
    first, row, planned = told[:3]
    assert isinstance(first, Resumed) and (first.epoch, first.checkpoint) == (2, "last")
    assert isinstance(row, EpochFinished) and row.row["epoch"] == 2
    assert isinstance(planned, Planned) and planned.epochs == 3
    steps = [event for event in resumed.events if isinstance(event, StepsLogged)]
    assert (steps[0].epoch, steps[0].step) == (3, 7)
    assert 100 < steps[0].elapsed[0] < (resumed.rows[-1]["time"] or 0) < 200


def test_dropout_is_the_same_after_a_break(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its random numbers come from seed and epoch, not from what was drawn since the process began."""
    import timm

    make = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda *given, **more: make(*given, drop_rate=0.5, **more))
    whole = prepare(training={"epochs": 3})()
    resumed = broken_off(prepare, after=1, training={"epochs": 3}).next()()
    assert resumed.losses == whole.losses[3:]


def test_early_stopping_goes_on_counting(prepare: Prepare) -> None:
    training = {"epochs": 9, "early_stopping": {"patience": 3}}
    resumed = broken_off(prepare, after=2, **STUCK, training=training).next()()
    assert [row["epoch"] for row in resumed.rows] == [2, 3, 4]
    again = resumed.next()()
    assert [row["epoch"] for row in again.rows] == [4] and not again.losses


def test_the_previous_checkpoint_can_be_named(prepare: Prepare) -> None:
    whole = prepare(training={"epochs": 3})()
    last = whole.checkpoints / "last.ckpt"
    damage(last)
    resumed = whole.next(resume="prev")()
    assert [row["epoch"] for row in resumed.rows] == [2, 3]
    assert resumed.losses == whole.losses[6:]
    assert all(verify(whole.checkpoints / f"{name}.ckpt") for name in ("last", "prev"))
    assert load(whole.checkpoints / "prev.ckpt")["epoch"] == 2


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def test_a_damaged_checkpoint_is_refused_and_the_previous_one_offered(prepare: Prepare) -> None:
    run = prepare(training={"epochs": 2})()
    damage(run.checkpoints / "last.ckpt")
    second = run.next()
    with pytest.raises(Mismatch, match=r"last\.ckpt is damaged") as caught:
        second()
    assert "prev.ckpt" in caught.value.advice and "epoch 1" in caught.value.advice
    damage(run.checkpoints / "prev.ckpt")
    with pytest.raises(Mismatch, match="no earlier checkpoint"):
        second.next()()


@pytest.mark.fault
def test_f34_a_checkpoint_of_another_architecture(prepare: Prepare) -> None:
    """It is refused before training; both architectures are named."""
    run = prepare()()
    other = run.next()
    other.request.config["model"]["backbone"] = "test_convnext"
    with pytest.raises(Mismatch, match=r"architecture of last\.ckpt \(test_resnet\).*\(test_convnext\)"):
        other()


def test_other_classes_are_named(prepare: Prepare) -> None:
    run = prepare()()
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)
    save(run.checkpoints, "last", {**state, "classes": ["a", "b"]}, {})
    with pytest.raises(Mismatch, match=r"classes of last\.ckpt \(a, b\).*\(bar, disc, ring\)"):
        run.next()()


def test_another_optimizer_is_refused(prepare: Prepare) -> None:
    run = prepare()()
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)
    state["optimizer"]["param_groups"] = state["optimizer"]["param_groups"][:1]
    save(run.checkpoints, "last", state, {})
    with pytest.raises(Mismatch, match="optimizer"):
        run.next(extensions=[Extension(epochs=1)])()


# ---- extensions


def test_a_completed_run_goes_on_at_the_last_rate(prepare: Prepare) -> None:
    whole = prepare(training={"epochs": 2}, scheduler=COSINE, optimizer=MOMENTUM)()
    more = whole.next(extensions=[Extension(epochs=2)])()
    assert next(event for event in more.events if isinstance(event, Planned)).epochs == 4
    assert more.rates == [whole.rates[-1]] * 6
    assert [row["epoch"] for row in more.rows] == [2, 3, 4]


def test_each_extension_has_its_rate(prepare: Prepare) -> None:
    """Also for an extension of an extension, and where a run breaks off in the middle of one."""
    whole = prepare(training={"epochs": 2}, scheduler={"kind": "Cosine"}, optimizer=MOMENTUM)()
    one, two = Extension(epochs=2, lr=0.003), Extension(epochs=1)
    first = whole.next(extensions=[one])()
    assert first.rates == pytest.approx([0.003] * 6)
    second = first.next(extensions=[one, two])()
    assert second.rates == pytest.approx([0.003] * 3)
    assert [row["epoch"] for row in second.rows] == [4, 5]


def test_a_stopped_run_ends_its_schedule_before_the_extension(prepare: Prepare) -> None:
    changes = {"training": {"epochs": 3}, "scheduler": {"kind": "Cosine", "warmup_epochs": 0}, "optimizer": MOMENTUM}
    run = broken_off(prepare, after=1, **changes).next(extensions=[Extension(epochs=1, lr=0.001)])()
    expected = [0.05 * Cosine().factor(step, 3, 3) for step in range(3, 9)] + [0.001] * 3
    assert run.rates == pytest.approx(expected)


def test_a_run_that_early_stopping_ended_is_extended_from_there(prepare: Prepare) -> None:
    """At the rate that was given or else at the last one, also twice, and also from the checkpoint before the last."""
    training = {"epochs": 9, "early_stopping": {"patience": 2}}
    ended = prepare(**STUCK, training=training, scheduler={"kind": "Cosine", "warmup_epochs": 0})()
    assert [row["epoch"] for row in ended.rows] == [1, 2, 3]
    one, two = Extension(epochs=4, after=3), Extension(epochs=1, lr=1e-13, after=5)
    damage(ended.checkpoints / "last.ckpt")
    first = ended.next(extensions=[one], resume="prev")()
    assert next(event for event in first.events if isinstance(event, Planned)).epochs == 7
    assert [row["epoch"] for row in first.rows] == [2, 3, 4, 5]  # patience is counted from where they were added
    assert first.rates == pytest.approx(ended.rates[6:] + ended.rates[-1:] * 6, rel=1e-9, abs=0)
    second = first.next(extensions=[one, two])()
    assert [row["epoch"] for row in second.rows] == [5, 6]
    assert second.rates == pytest.approx([1e-13] * 3, rel=1e-9, abs=0)


def test_an_extension_begins_where_epochs_have_another_number_of_steps(prepare: Prepare) -> None:
    """As they have when images were added since; half the batch size does the same."""
    run = prepare(training={"epochs": 2}, scheduler={"kind": "Cosine"}, optimizer=MOMENTUM)()
    more = run.next(extensions=[Extension(epochs=1, lr=0.003, after=2)])
    more.request.config["training"]["batch_size"] = 8
    assert more().rates == pytest.approx([0.003] * 6)


def test_an_extension_gives_its_epochs_to_early_stopping(prepare: Prepare) -> None:
    ended = prepare(**STUCK, training={"epochs": 3, "early_stopping": {"patience": 2}})()
    assert [row["epoch"] for row in ended.rows] == [1, 2, 3]
    extensions = [Extension(epochs=9)]
    more = ended.next(extensions=extensions)()
    assert [row["epoch"] for row in more.rows] == [3, 4, 5]
    again = more.next(extensions=extensions)()
    assert [row["epoch"] for row in again.rows] == [5]


def test_the_best_of_before_stays_the_best(prepare: Prepare) -> None:
    whole = prepare(training={"epochs": 5})()
    resumed = broken_off(prepare, after=3, training={"epochs": 5}).next()()
    best = [load(run.checkpoints / "last.ckpt")["best"] for run in (whole, resumed)]
    assert best[0] == best[1]
    flags = [[event.best for event in run.events if isinstance(event, EpochFinished)] for run in (whole, resumed)]
    assert flags[1] == flags[0][2:]


class Killed(BaseException):
    """Nothing of the process runs after it."""


class Dying(Recorder):
    """Killed when a better epoch than the first is in `best` and not yet in `last`."""

    def emit(self, event: Event) -> None:
        super().emit(event)
        if isinstance(event, CheckpointSaved) and event.name == "best" and event.epoch > 1:
            raise Killed


def test_the_best_that_is_shown_is_the_one_that_is_kept(prepare: Prepare) -> None:
    """Killed between the two, the run goes on from before its best epoch, which does not come out as well again."""
    run = prepare(model=STUCK["model"], optimizer=MOMENTUM, training={"epochs": 9})
    run.job = Dying(run.job.folder.path, lambda events: False)
    with pytest.raises(Killed):
        run()
    epoch = int(run.rows[-1]["epoch"] or 0)
    worse = Extension(epochs=1, lr=1e-12, after=epoch - 1)
    again = run.next(extensions=[worse])()
    more = again.next(extensions=[worse, Extension(epochs=1, after=epoch)])()
    told = Told(task("classification").main_metric)
    for attempt in (run, again, more):
        for event in attempt.events:
            told.feed(event)  # type: ignore[arg-type]
        best = load(attempt.checkpoints / "best.ckpt")
        assert (told.best_epoch, told.best) == (best["epoch"], best["row"])
    kept = load(more.checkpoints / "last.ckpt")["best"]
    assert (kept["epoch"], told.progress.epoch, told.best_epoch) == (epoch, epoch + 1, epoch)
