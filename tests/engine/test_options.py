"""Each option reaches training: shown by its effect, for every entry of every list."""

import time
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aistudio.engine.checkpoints import load
from aistudio.engine.data.batches import Share
from aistudio.engine.data.loaders import Loading, train_batches
from aistudio.engine.targets import resolve
from aistudio.engine.tasks.classification import ImageClassification, create
from aistudio.schema.loss import ClassLoss
from aistudio.schema.optimizer import Optimizer
from aistudio.schema.portions import Portions
from aistudio.schema.scheduler import Scheduler
from aistudio.tasks.classification import ClassificationConfig
from tests.engine.conftest import CLASSES, Data, Prepare, Run

pytestmark = pytest.mark.engine
NO_BATCH_NORM = {"backbone": "test_convnext"}
PLAIN_SGD = {"kind": "SGD", "lr": 0.05, "weight_decay": 0.0, "momentum": 0.0}


def kinds(union: Any) -> list[Any]:
    return list(get_args(get_args(union)[0]))


def weights(run: Run) -> dict[str, Tensor]:
    state: dict[str, Tensor] = load(run.checkpoints / "last.ckpt")["model"]
    return state


def apart(one: Run, other: Run) -> float:
    """The largest difference of any weight."""
    pairs = zip(weights(one).values(), weights(other).values(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs if a.is_floating_point())


def start(run: Run, data: Data) -> tuple[ImageClassification, list[tuple[Tensor, Tensor]]]:
    """What the run begins with, and the batches of its first epoch."""
    config = ClassificationConfig.model_validate(run.request.config)
    torch.manual_seed(config.training.seed)
    module = create(config, CLASSES, None)
    module.train_pipeline = type(module.train_pipeline)(
        config.augmentations.train, module.facts["mean"], module.facts["std"]
    )
    portions = Portions.of(45, config.training.batch_size)
    how = Loading(config.training, Share(), False, lambda: None)
    return module, list(train_batches(data.samples("train"), module.train_pipeline, portions, how))


# ---- optimizers


@pytest.mark.parametrize("kind", kinds(Optimizer))
def test_an_optimizer_steps_as_torch_says(train: Prepare, data: Data, kind: Any) -> None:
    """The same weights as a plain loop over the same batches with torch's own optimizer."""
    given = kind(lr=0.01, weight_decay=0.1).model_dump()
    run = train(optimizer=given, model=NO_BATCH_NORM)
    module, batches = start(run, data)
    config = {name: value for name, value in given.items() if name not in ("kind", "weight_decay")}
    groups = [
        {"params": [one for one in module.parameters() if one.ndim > 1], "weight_decay": 0.1},
        {"params": [one for one in module.parameters() if one.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = getattr(torch.optim, given["kind"])(groups, **config)
    for images, labels in batches:
        optimizer.zero_grad()
        loss: Any = cross_entropy(module.model(module.train_normalization(images)), labels)
        loss.backward()
        optimizer.step()
    for name, value in module.model.state_dict().items():
        torch.testing.assert_close(weights(run)[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", kinds(Optimizer))
def test_every_field_of_an_optimizer_matters(train: Prepare, kind: Any) -> None:
    base = kind()
    before = train(optimizer=base.model_dump())
    for name in set(kind.model_fields) - {"kind"}:
        changed = base.model_dump() | {name: 0.5}
        assert apart(before, train(optimizer=changed)) > 0, name


# ---- schedulers


@pytest.mark.parametrize("warmup", [0, 2])
@pytest.mark.parametrize("kind", kinds(Scheduler))
def test_the_learning_rate_follows_the_formula(train: Prepare, kind: Any, warmup: int) -> None:
    given = {"warmup_epochs": warmup} | ({"step_size": 2} if "step_size" in kind.model_fields else {})
    scheduler = kind(**given | ({"milestones": (1, 3)} if "milestones" in kind.model_fields else {}))
    run = train(
        scheduler=scheduler.model_dump(mode="json"),
        optimizer={"kind": "SGD", "lr": 0.01},
        training={"epochs": 4, "batch_size": 9, "batch_multiplier": 2},
    )
    assert run.rates == pytest.approx([0.01 * scheduler.factor(step, 3, 4) for step in range(12)])
    assert [row["lr"] for row in run.rows] == pytest.approx(run.rates[2::3])


# ---- losses


@pytest.mark.parametrize("kind", kinds(ClassLoss))
def test_the_loss_is_the_chosen_one(train: Prepare, data: Data, kind: Any) -> None:
    option = next(name for name in kind.model_fields if name != "kind")
    for value in (0.0, 0.3):
        run = train(loss={"kind": kind.model_fields["kind"].default, option: value})
        module, batches = start(run, data)
        images, labels = batches[0]
        with torch.no_grad():
            expected = resolve(kind.target)(**{option: value})(module.model(module.train_normalization(images)), labels)
        assert run.losses[0] == pytest.approx(float(expected), rel=1e-4), value


# ---- model


def test_a_frozen_body_stays_as_it_was(train: Prepare, data: Data) -> None:
    run = train(model={"freeze_backbone": True}, training={"epochs": 2}, optimizer=PLAIN_SGD)
    before = start(run, data)[0].model.state_dict()
    changed = {name for name, value in weights(run).items() if not torch.equal(value, before[name])}
    assert changed == {"network.fc.weight", "network.fc.bias"}


def test_without_freezing_everything_moves(train: Prepare, data: Data) -> None:
    run = train(optimizer=PLAIN_SGD)
    before = start(run, data)[0].model.state_dict()
    assert all(not torch.equal(value, before[name]) for name, value in weights(run).items())


def test_the_architecture_is_the_chosen_one(train: Prepare) -> None:
    assert set(weights(train())) != set(weights(train(model=NO_BATCH_NORM)))


# ---- training


@pytest.mark.parametrize(("batch", "multiplier", "steps"), [(16, 1, 3), (8, 2, 3), (8, 4, 2), (45, 1, 1), (100, 3, 1)])
def test_batch_size_and_multiplier_decide_the_steps(train: Prepare, batch: int, multiplier: int, steps: int) -> None:
    run = train(training={"batch_size": batch, "batch_multiplier": multiplier})
    assert run.rows[0]["step"] == len(run.losses) == steps


@pytest.mark.parametrize("multiplier", [2, 3])
def test_accumulated_batches_equal_a_large_one(train: Prepare, multiplier: int) -> None:
    """Also at the end of the epoch, where batches are fewer and smaller."""
    large = train(training={"batch_size": 24}, optimizer=PLAIN_SGD, model=NO_BATCH_NORM)
    small = {"batch_size": 24 // multiplier, "batch_multiplier": multiplier}
    accumulated = train(training=small, optimizer=PLAIN_SGD, model=NO_BATCH_NORM)
    assert accumulated.losses == pytest.approx(large.losses, rel=1e-4)
    assert apart(large, accumulated) < 1e-4


def test_workers_change_nothing_but_speed(train: Prepare) -> None:
    alone, helped = (train(training={"epochs": 3, "num_workers": number}) for number in (0, 2))
    assert helped.losses == alone.losses
    assert [row["val_loss"] for row in helped.rows] == [row["val_loss"] for row in alone.rows]


def test_workers_end_with_the_run(prepare: Prepare) -> None:
    from multiprocessing import active_children

    before = set(active_children())
    prepare(training={"num_workers": 2})()
    time.sleep(0.1)
    assert set(active_children()) <= before


def test_the_seed_decides(train: Prepare) -> None:
    one, same, other = (train(training={"seed": seed}) for seed in (1, 1, 2))
    assert one.losses == same.losses
    assert apart(one, same) == 0
    assert one.losses != other.losses


def test_augmentations_reach_training(train: Prepare) -> None:
    plain = train()
    noisy = {"kind": "GaussNoise", "p": 1.0}
    normalize = {"kind": "Normalize", "source": "weights"}
    assert train(augmentations={"train": [noisy, normalize]}).losses[0] != plain.losses[0]
    other = train(augmentations={"val": [noisy, normalize]})
    assert other.losses == plain.losses
    assert other.rows[0]["val_loss"] != plain.rows[0]["val_loss"]


def test_normalizing_on_the_device_equals_in_place(train: Prepare) -> None:
    flip = {"kind": "HorizontalFlip", "p": 0.0}
    normalize = {"kind": "Normalize", "source": "weights"}
    on_device = train(augmentations={"train": [flip, normalize]})
    in_place = train(augmentations={"train": [normalize, flip]})
    assert in_place.losses == pytest.approx(on_device.losses, rel=1e-3)


def test_frozen_statistics_are_those_of_validation() -> None:
    module = create(ClassificationConfig.model_validate(config_of(freeze_backbone=True)), CLASSES, None)
    module.on_train_epoch_start()
    norms = [part for part in module.model.modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms and not any(part.training for part in norms)


def config_of(**model: Any) -> dict[str, Any]:
    return {"task": "classification", "model": {"backbone": "test_resnet", "pretrained": False, **model}}
