"""Places where the servers of a machine agree on its devices, and what happens when those are broken."""

from pathlib import Path

import pytest

from aistudio.service import experiments
from tests.fault.invariants import check_invariants
from tests.fixtures import until, until_status
from tests.jobs.stage import pretending, trained

pytestmark = pytest.mark.fault


def test_f55_the_place_of_a_card_is_broken(tmp_path: Path) -> None:
    """Its run says why it waits, those behind it start, and it starts itself when that is put right."""
    with pretending(tmp_path, "finish", gpus=1) as (studio, pid):
        place = tmp_path / "devices" / "GPU-0"
        place.mkdir(parents=True)
        waiting = trained(studio, pid, hardware={"devices": ["gpu:0"]})
        assert until_status(studio, pid, trained(studio, pid), "completed", "failed").status == "completed"
        words = f"GPU 0, which cannot be reserved: Is a directory ({place})"
        until(lambda: experiments.get(studio, pid, waiting).waiting_for == words, "it says what it waits for")
        place.rmdir()
        assert until_status(studio, pid, waiting, "completed", "failed").status == "completed"
        check_invariants(studio.settings.workspace)
