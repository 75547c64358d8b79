"""A run from request to verdict: what it says, what it leaves, and how it ends."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch

from aistudio.engine.checkpoints import load, verify
from aistudio.engine.job import Stopped
from aistudio.engine.reporter import Reporter
from aistudio.errors import DatasetMissing, Mismatch, NonFiniteLoss
from aistudio.schema.events import CheckpointSaved, EpochFinished, Event, PhaseEntered, Planned, StepsLogged
from aistudio.store.checkpoints import description, usable
from tests.engine.conftest import CLASSES, Data, Prepare, make_data

pytestmark = pytest.mark.engine
COLUMNS = [
    "epoch",
    "step",
    "time",
    "train_loss",
    "val_loss",
    "lr",
    "val_accuracy",
    "val_f1",
    "val_precision",
    "val_recall",
]


def test_a_run_tells_its_story_in_order(train: Prepare) -> None:
    events = train(training={"epochs": 2}).events
    names = [event.phase if isinstance(event, PhaseEntered) else type(event).__name__ for event in events]
    told = [name for name in names if name != "StepsLogged"]
    epoch = ["epoch", "validating", "EpochFinished", "saving"]
    assert told[:2] == ["loading data", "Planned"]
    assert told[2:9] == [*epoch, "CheckpointSaved", "CheckpointSaved", "epoch"]
    assert [name for name in told if name in epoch] == epoch * 2
    assert next(event for event in events if isinstance(event, Planned)).steps_per_epoch == 3


def test_each_step_is_logged_once(train: Prepare) -> None:
    run = train(training={"epochs": 2})
    steps = [event for event in run.events if isinstance(event, StepsLogged)]
    numbers = [event.step + at for event in steps for at in range(len(event.lr))]
    elapsed = [time for event in steps for time in event.elapsed]
    assert numbers == list(range(1, 7))
    assert elapsed == sorted(elapsed)
    assert {event.epoch for event in steps} == {1, 2}


def test_a_row_has_every_column_and_the_mean_loss(train: Prepare) -> None:
    run = train(training={"epochs": 2})
    assert [list(row) for row in run.rows] == [COLUMNS, COLUMNS]
    assert [row["epoch"] for row in run.rows] == [1, 2]
    assert [row["step"] for row in run.rows] == [3, 6]
    weights = [16, 16, 13]
    assert run.rows[0]["train_loss"] == pytest.approx(np.average(np.array(run.losses[:3], float), weights=weights))


def test_the_validation_loss_is_a_mean_over_images(train: Prepare) -> None:
    """Not over batches, of which the last one is smaller."""
    stuck = {"kind": "SGD", "lr": 1e-12}
    same = {"optimizer": stuck, "model": {"backbone": "test_convnext"}}
    whole, cut = (train(**same, training={"batch_size": size}) for size in (15, 4))
    assert cut.rows[0]["val_loss"] == pytest.approx(whole.rows[0]["val_loss"], rel=1e-5)


def test_a_validation_that_is_no_number_is_null_and_does_not_end_the_run(train: Prepare) -> None:
    huge = {"kind": "Normalize", "source": "custom", "mean": [0.5] * 3, "std": [1e-40] * 3}
    run = train(augmentations={"val": [huge]}, training={"epochs": 2})
    lines = [orjson.loads(line) for line in run.job.folder.events.read_bytes().splitlines()]
    epochs = [line for line in lines if line["event"] == "epoch"]
    assert [line["row"]["val_loss"] for line in epochs] == [None, None]
    assert all(line["nonfinite"] and line["row"]["train_loss"] is not None for line in epochs)
    assert verify(run.checkpoints / "last.ckpt")


def test_it_learns(train: Prepare) -> None:
    run = train(training={"epochs": 12}, optimizer={"kind": "AdamW", "lr": 2e-3})
    last = run.rows[-1]
    assert last["train_loss"] is not None and last["train_loss"] < 0.5
    assert max(row["val_accuracy"] or 0 for row in run.rows) > 0.7


def test_the_best_epoch_is_marked_and_the_earlier_of_equals_wins(train: Prepare) -> None:
    run = train(training={"epochs": 5})
    best = 0.0
    for event in run.events:
        if isinstance(event, EpochFinished):
            accuracy = event.row["val_accuracy"] or 0.0
            assert event.best is (accuracy > best or event.row["epoch"] == 1)
            best = max(best, accuracy)


def test_checkpoints_hold_what_is_needed(train: Prepare) -> None:
    run = train(training={"epochs": 2})
    last, best = (load(run.checkpoints / f"{name}.ckpt") for name in ("last", "best"))
    assert last["epoch"] == 2 and last["step"] == 6
    assert {"optimizer", "scheduler", "best", "precision"} <= set(last)
    assert not {"optimizer", "scheduler"} & set(best)
    assert best["classes"] == CLASSES and best["task"] == "classification"
    assert len(best["mean"]) == len(best["std"]) == 3
    assert '"batch_size":16' in best["config"]
    assert (description(run.checkpoints / "last.ckpt") or {})["backbone"] == "test_resnet"
    assert verify(run.checkpoints / "prev.ckpt") and load(run.checkpoints / "prev.ckpt")["epoch"] == 1
    saved = [(event.name, event.epoch) for event in run.events if isinstance(event, CheckpointSaved)]
    assert saved[:2] == [("best", 1), ("last", 1)] and ("last", 2) in saved


def test_early_stopping_ends_the_run(train: Prepare) -> None:
    stuck = {"kind": "SGD", "lr": 1e-12}
    model = {"backbone": "test_convnext"}
    run = train(training={"epochs": 9, "early_stopping": {"patience": 2}}, optimizer=stuck, model=model)
    assert [row["epoch"] for row in run.rows] == [1, 2, 3]


def in_epoch(number: int, events: list[Event]) -> bool:
    return sum(isinstance(event, PhaseEntered) and event.phase == "epoch" for event in events) == number


def test_stop_gives_up_the_unfinished_epoch(prepare: Prepare) -> None:
    run = prepare(training={"epochs": 5}, stop_when=lambda events: in_epoch(2, events))
    with pytest.raises(Stopped):
        run()
    assert len(run.rows) == 1
    assert len(run.losses) == 4
    assert load(run.checkpoints / "last.ckpt")["epoch"] == 1


def test_stop_before_the_first_batch(prepare: Prepare) -> None:
    run = prepare(stop_when=lambda events: any(isinstance(event, Planned) for event in events))
    with pytest.raises(Stopped):
        run()
    assert not run.losses and not run.checkpoints.exists()
    assert [event.phase for event in run.events if isinstance(event, PhaseEntered)] == ["loading data"]


def test_stop_while_validation_images_are_read(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small sets are read as a whole before the first epoch, which takes its time; nothing more is begun then."""
    monkeypatch.setattr("aistudio.engine.train.train_batches", lambda *_: pytest.fail("training was made ready"))
    run = prepare(stop_when=lambda events: any(isinstance(event, Planned) for event in events))
    with pytest.raises(Stopped):
        run()


@pytest.mark.fault
def test_f53_a_loss_that_is_no_number(prepare: Prepare) -> None:
    """The run fails at once, and epoch and step are named."""
    huge = {"kind": "Normalize", "source": "custom", "mean": [0.5] * 3, "std": [1e-40] * 3}
    with pytest.raises(NonFiniteLoss, match="epoch 1, step 1"):
        prepare(augmentations={"train": [huge]})()


@pytest.mark.fault
def test_f53_weights_that_are_no_numbers_are_never_kept(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that the last step of an epoch ruined end the run: no checkpoint has them, and Resume starts before."""
    step = Reporter.on_train_batch_end

    def ruin(self: Reporter, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        step(self, trainer, module, outputs, batch, batch_idx)
        if trainer.global_step == 6:  # the loss of this step was a number still
            torch.nn.init.constant_(next(module.model.parameters()), math.inf)

    whole = prepare(training={"epochs": 3})()
    monkeypatch.setattr(Reporter, "on_train_batch_end", ruin)
    run = prepare(training={"epochs": 3})
    with pytest.raises(NonFiniteLoss, match=r"in epoch 2: .*weight\.$"):
        run()
    assert [row["epoch"] for row in run.rows] == [1] and len(run.losses) == 6
    for path in run.checkpoints.glob("*.ckpt"):
        assert load(path)["epoch"] == 1
        assert all(value.isfinite().all() for value in load(path)["model"].values()), path
    monkeypatch.undo()
    found = usable(run.checkpoints)
    assert found is not None and (found.name, found.epoch) == ("last", 1)
    assert run.next()().losses == whole.losses[3:]


def test_a_learning_rate_that_is_too_high_is_noticed(prepare: Prepare) -> None:
    run = prepare(training={"epochs": 40}, optimizer={"kind": "SGD", "lr": 10.0}, model={"backbone": "test_byobnet"})
    with pytest.raises(NonFiniteLoss, match=r"epoch \d+, step \d+"):
        run()


def test_half_precision_on_a_cpu_is_refused(prepare: Prepare) -> None:
    """Also where a request was changed by hand: Lightning would quietly take another precision."""
    run = prepare()
    run.request.config["hardware"]["precision"] = "16-mixed"
    with pytest.raises(Mismatch, match="16-mixed needs a GPU"):
        run()


def test_images_of_different_sizes_are_named(prepare: Prepare, tmp_path: Path) -> None:
    import cv2

    data = make_data(tmp_path / "data")
    cv2.imwrite(str(data.folder.images / "7.png"), np.zeros((20, 40, 3), np.uint8))
    with pytest.raises(Mismatch, match=r"40 × 20, 32 × 32.*Add a Resize"):
        prepare(of=data)()


def test_validation_images_that_the_network_cannot_take_are_refused_before_training(prepare: Prepare) -> None:
    train, val = ([{"kind": "Resize", "height": side, "width": side}] for side in (32, 48))
    run = prepare(model={"backbone": "vit_tiny_patch16_224"}, augmentations={"train": train, "val": val})
    with pytest.raises(
        Mismatch, match="built for training images of 32 × 32, cannot take validation images of 48 × 48"
    ):
        run()
    assert run.losses == []


def test_a_missing_data_set_is_named(prepare: Prepare, tmp_path: Path) -> None:
    gone = Data(type(make_data(tmp_path / "a").folder)(tmp_path / "b" / "2"), make_data(tmp_path / "c").splits)
    with pytest.raises(DatasetMissing, match="Version 2"):
        prepare(of=gone)()


def test_a_config_of_another_version_is_refused(prepare: Prepare) -> None:
    run = prepare()
    run.request.config["training"]["epochs"] = 0
    with pytest.raises(Mismatch, match="Epochs"):
        run()


def test_a_single_image_is_not_left_over(train: Prepare) -> None:
    run = train(training={"batch_size": 11})
    assert run.rows[0]["step"] == 4 and len(run.losses) == 4


def test_bf16_is_used(train: Prepare) -> None:
    full, half = train(), train(hardware={"precision": "bf16-mixed"})
    assert half.losses != full.losses
    assert half.losses[0] == pytest.approx(full.losses[0], rel=0.05)
    assert all(value.dtype != torch.bfloat16 for value in load(half.checkpoints / "best.ckpt")["model"].values())
