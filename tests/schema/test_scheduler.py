"""Learning-rate schedules: the curve that the page draws and the worker follows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aistudio.schema.scheduler import Constant, Cosine, MultiStepLR, PolynomialLR, Schedule, StepLR

warmups = some.integers(0, 20)
shares = some.floats(0.01, 1)
schedules = some.one_of(
    some.builds(Constant, warmup_epochs=warmups),
    some.builds(Cosine, warmup_epochs=warmups, min_factor=some.floats(0, 1)),
    some.builds(StepLR, warmup_epochs=warmups, step_size=some.integers(1, 20), gamma=shares),
    some.builds(
        MultiStepLR,
        warmup_epochs=warmups,
        milestones=some.sets(some.integers(1, 50), min_size=1, max_size=5).map(lambda found: tuple(sorted(found))),
        gamma=shares,
    ),
    some.builds(PolynomialLR, warmup_epochs=warmups, power=some.floats(0.1, 10)),
)


@given(schedules, some.integers(0, 5000), some.integers(1, 100), some.integers(1, 50))
def test_the_factor_is_a_share_of_the_peak(schedule: Schedule, step: int, steps_per_epoch: int, epochs: int) -> None:
    assert 0 <= schedule.factor(step, steps_per_epoch, epochs) <= 1


@given(schedules, some.integers(1, 100), some.integers(1, 50))
def test_the_warm_up_is_a_straight_line_to_the_peak(schedule: Schedule, steps_per_epoch: int, epochs: int) -> None:
    warmup = schedule.warmup_epochs * steps_per_epoch
    rise = [schedule.factor(step, steps_per_epoch, epochs) for step in range(warmup)]
    assert rise == pytest.approx([(step + 1) / warmup for step in range(warmup)])


@given(schedules, some.integers(1, 100), some.integers(1, 50))
def test_after_the_warm_up_it_never_rises(schedule: Schedule, steps_per_epoch: int, epochs: int) -> None:
    steps = range(schedule.warmup_epochs * steps_per_epoch, epochs * steps_per_epoch)
    fall = [schedule.factor(step, steps_per_epoch, epochs) for step in steps]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(fall))


def test_cosine_goes_from_the_peak_to_its_floor() -> None:
    schedule = Cosine(min_factor=0.2)
    assert schedule.factor(0, 10, 4) == 1
    assert schedule.factor(20, 10, 4) == pytest.approx(0.6)
    assert schedule.factor(40, 10, 4) == pytest.approx(0.2)


def test_polynomial_goes_to_zero() -> None:
    assert PolynomialLR().factor(10, 10, 4) == pytest.approx(0.75)
    assert PolynomialLR(power=2).factor(20, 10, 4) == pytest.approx(0.25)
    assert PolynomialLR().factor(40, 10, 4) == 0


def test_drops_come_with_their_epochs() -> None:
    steps = StepLR(step_size=2, gamma=0.5)
    assert [steps.factor(epoch * 7, 7, 6) for epoch in range(6)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert steps.factor(2 * 7 - 1, 7, 6) == 1
    milestones = MultiStepLR(milestones=(1, 4), gamma=0.1)
    assert [milestones.factor(epoch * 7, 7, 6) for epoch in range(6)] == pytest.approx([1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_drops_are_counted_in_epochs_of_the_run_and_not_after_the_warm_up() -> None:
    assert StepLR(step_size=2, gamma=0.5, warmup_epochs=1).factor(2 * 7, 7, 6) == 0.5


def test_a_constant_rate_stays() -> None:
    assert {Constant().factor(step, 10, 4) for step in range(40)} == {1}
