"""Train is refused where the order of transforms leaves no numbers, with a fix that puts Normalize last."""

from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import InvalidConfig
from aistudio.schema.difference import patched
from aistudio.schema.experiment import ExperimentChange
from aistudio.service import experiments
from aistudio.service.order import wrong_order
from aistudio.tasks import task
from tests.fixtures import ME, new_experiment
from tests.jobs.stage import pretending

RESIZE = {"kind": "Resize", "height": 64, "width": 64}
NORMALIZE = {"kind": "Normalize", "source": "weights"}
GAMMA = {"kind": "RandomGamma", "p": 1.0}
FLIP = {"kind": "HorizontalFlip", "p": 0.5}


@pytest.mark.parametrize(
    ("train", "refused"),
    [
        ([RESIZE, GAMMA, NORMALIZE], False),
        ([RESIZE, NORMALIZE, FLIP], False),
        ([RESIZE, NORMALIZE, {**GAMMA, "p": 0.0}], False),
        ([RESIZE, GAMMA], False),
        ([RESIZE, NORMALIZE, FLIP, GAMMA], True),
        ([NORMALIZE, GAMMA, RESIZE, NORMALIZE], True),
    ],
)
@pytest.mark.parametrize("name", ["train", "val"])
def test_only_what_leaves_no_numbers_is_refused(name: str, train: list[dict[str, Any]], refused: bool) -> None:
    other = "val" if name == "train" else "train"
    found = task("classification").parse({"augmentations": {name: train, other: [RESIZE, NORMALIZE]}})
    assert [error.path for error in wrong_order(found)] == [f"augmentations.{name}"] * refused


def test_train_is_refused_at_the_click_and_starts_after_the_fix(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        before = experiments.get(studio, pid, eid)
        lists = {"train": [NORMALIZE, RESIZE, NORMALIZE, GAMMA, FLIP], "val": [RESIZE, NORMALIZE]}
        wrong = {**before.config, "augmentations": lists}
        changed = experiments.change(studio, ME, pid, eid, ExperimentChange(rev=before.rev, config=wrong))
        with pytest.raises(InvalidConfig, match="RandomGamma after Normalize") as refused:
            experiments.train(studio, ME, pid, eid)
        fix = refused.value.fields[0].fix
        assert fix is not None and fix.label == "Put Normalize last"
        mended = patched(changed.config, fix.patch)
        assert [one["kind"] for one in mended["augmentations"]["train"]] == [
            "Resize",
            "RandomGamma",
            "HorizontalFlip",
            "Normalize",
        ]
        experiments.change(studio, ME, pid, eid, ExperimentChange(rev=changed.rev, config=mended))
        assert experiments.train(studio, ME, pid, eid).status == "queued"
