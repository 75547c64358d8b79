"""What differs between two configs, and how the edits of two people become one."""

from copy import deepcopy
from typing import Any

from aistudio.schema.difference import differences, merged, patched
from aistudio.tasks.classification import CLASSIFICATION

MODEL = CLASSIFICATION.config


def changed(**values: Any) -> dict[str, Any]:
    """The default config with values by path, `__` for a dot."""
    config = deepcopy(CLASSIFICATION.default_config())
    for path, value in values.items():
        *outer, last = path.split("__")
        place = config
        for name in outer:
            place = place[name]
        place[last] = value
    return config


def test_differences_are_told_in_the_words_of_the_form() -> None:
    new = changed(
        optimizer__lr=0.001, training__early_stopping={"patience": 3}, augmentations__val=[{"kind": "Resize"}]
    )
    assert [str(one) for one in differences(MODEL, changed(), new)] == [
        "Learning Rate 0.0005 → 0.001",
        "Early Stopping off → on",
        "Augmentations (Validation) Resize, Normalize → Resize",
    ]
    assert differences(MODEL, new, new) == []


def test_edits_of_different_fields_both_stay() -> None:
    mine, theirs = changed(optimizer__weight_decay=0.2), changed(training__epochs=5)
    assert merged(MODEL, changed(), mine, theirs) == changed(optimizer__weight_decay=0.2, training__epochs=5)


def test_what_was_not_touched_is_as_they_saved_it() -> None:
    theirs = changed(training__epochs=5, optimizer={"kind": "SGD", "lr": 0.1, "weight_decay": 0.0, "momentum": 0.9})
    assert merged(MODEL, changed(), changed(), theirs) == theirs


def test_where_both_chose_another_kind_mine_is_whole() -> None:
    sgd = {"kind": "SGD", "lr": 0.1, "weight_decay": 0.0, "momentum": 0.5}
    adam = {"kind": "Adam", "lr": 0.2, "weight_decay": 0.0}
    result = merged(MODEL, changed(optimizer=sgd), changed(optimizer={**sgd, "momentum": 0.8}), changed(optimizer=adam))
    assert result["optimizer"] == {**sgd, "momentum": 0.8}
    CLASSIFICATION.parse(result)


def test_a_patch_by_path_leaves_the_original_alone() -> None:
    before = changed()
    assert patched(before, {"hardware.devices": ["gpu:1"]}) == changed(hardware__devices=["gpu:1"])
    assert before == changed()
