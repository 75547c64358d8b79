"""What the probe makes of the answers of a driver."""

import sys

from aistudio.jobs.devices import PROBE, Nvml
from tests.jobs.fakes import ROOT

STANDING_IN = "import sys, runpy; sys.path.insert(0, sys.argv[1]); import tests.engine.nvml as nvml; nvml.install({})\n"
STANDING_IN += "runpy.run_path(sys.argv[2], run_name='__main__')"


def probe(arguments: str = "") -> Nvml:
    command = [sys.executable, "-c", STANDING_IN.format(arguments), str(ROOT), str(PROBE)]
    return Nvml(seconds=30, command=command)


def test_cards_tell_their_memory_and_how_busy_they_are() -> None:
    nvml = probe()
    cards = nvml.devices()[1:]
    assert nvml.problem is None
    assert [(card.id, card.uuid, card.utilization) for card in cards] == [
        ("gpu:0", "GPU-a", 93),
        ("gpu:1", "GPU-b", 93),
    ]
    assert {(card.memory_total, card.memory_free) for card in cards} == {(80 << 30, 75 << 30)}


def test_a_card_that_does_not_tell_how_busy_it_is_is_there_all_the_same() -> None:
    assert [card.utilization for card in probe("fail='nvmlDeviceGetUtilizationRates'").devices()[1:]] == [None, None]
