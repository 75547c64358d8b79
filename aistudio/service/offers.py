"""What a failed run is offered: a copy with the one value changed that it failed of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aistudio.errors import Conflict
from aistudio.schema.experiment import Experiment
from aistudio.service.experiments import copied
from aistudio.studio import Actor, Studio

MOST_MULTIPLIER = 64


@dataclass(frozen=True)
class Offer:
    """`label` is what its button says; `make` gives the copy, which is not started."""

    label: str
    make: Callable[[Studio, Actor, str, str], Experiment]


def offer(experiment: Experiment) -> Offer | None:
    """None for one that did not fail, or whose reason no other value takes away."""
    found = OFFERS.get(experiment.error.type) if experiment.error is not None else None
    if found is not None and found.make is smaller_batch and not _can_be_smaller(experiment):
        return None
    return found


def smaller_batch(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """Half the batch and twice the multiplier, so the same effective batch.

    Raises Conflict for a run that did not run out of memory, or that cannot be made smaller.
    """
    origin = studio.workspace.project(pid).experiment(eid).read()
    if not _failed_of(origin, "OutOfMemory"):
        raise Conflict(f"{origin.name} did not run out of memory, so it needs no smaller batch.")
    if not _can_be_smaller(origin):
        raise Conflict(
            f"The batch of {origin.name} cannot be made smaller.", "Choose smaller images or a smaller Architecture."
        )
    training = origin.config["training"]
    size, multiplier = int(training["batch_size"]) // 2, int(training["batch_multiplier"]) * 2
    patch = {"training": {"batch_size": size, "batch_multiplier": multiplier}}
    return copied(studio, actor, pid, origin, f"{origin.name}, batch {size}", patch)


def without_pretrained(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """Random weights instead of trained ones, all of which must learn then: a frozen backbone would stay random.

    Raises Conflict for a run that did not fail for want of weights.
    """
    origin = studio.workspace.project(pid).experiment(eid).read()
    if not _failed_of(origin, "WeightsUnavailable"):
        raise Conflict(f"{origin.name} did not fail for want of weights.", "Duplicate it to train it in another way.")
    patch = {"model": {"pretrained": False, "freeze_backbone": False}}
    return copied(studio, actor, pid, origin, f"{origin.name}, not pretrained", patch)


OFFERS: Mapping[str, Offer] = {
    "OutOfMemory": Offer("Copy with half the batch, twice the multiplier", smaller_batch),
    "WeightsUnavailable": Offer("Duplicate without pretrained weights", without_pretrained),
}


def _failed_of(experiment: Experiment, reason: str) -> bool:
    return experiment.error is not None and experiment.error.type == reason


def _can_be_smaller(experiment: Experiment) -> bool:
    training = experiment.config["training"]
    return int(training["batch_size"]) > 1 and 2 * int(training["batch_multiplier"]) <= MOST_MULTIPLIER
