"""Configurations as files: out and in again without a change, and what is wrong with one in words."""

import string
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aistudio.errors import AIStudioError, BadInput, InvalidConfig
from aistudio.schema.experiment import ExperimentRequest
from aistudio.service import config_files, experiments
from aistudio.service.yaml_reader import DEEPEST, LARGEST
from aistudio.studio import Studio
from aistudio.tasks.classification import ClassificationConfig
from tests.configs import ANY_CONFIG, Config
from tests.fixtures import ME, add_images, add_split, new_experiment, new_project, ready_project, running


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, str]]:
    """For tests that only read."""
    with running(tmp_path_factory.mktemp("stage")) as studio:
        yield studio, ready_project(studio)


# ---- any configuration at all


@given(config=ANY_CONFIG, name=st.text(min_size=1, max_size=40))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_out_and_in_again_changes_nothing(stage: tuple[Studio, str], config: Config, name: str) -> None:
    studio, pid = stage
    text = config_files.config_to_yaml(studio, pid, name, config)
    imported = config_files.from_yaml(studio, pid, text)
    assert (imported.config, imported.warnings) == (config, [])


@given(config=ANY_CONFIG)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_other_readers_find_the_same(stage: tuple[Studio, str], config: Config) -> None:
    """A reader of YAML 1.1, which is what most have."""
    studio, pid = stage
    assert yaml.safe_load(config_files.config_to_yaml(studio, pid, "x", config)) == config


@given(text=st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>?'\"%@`# \n\tab1.e\\", max_size=60))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_written_there_is_read_or_refused(stage: tuple[Studio, str], text: str) -> None:
    studio, pid = stage
    try:
        config_files.from_yaml(studio, pid, text)
    except BadInput as error:
        assert str(error).encode()


# ---- what people write


def test_it_reads_like_the_form(stage: tuple[Studio, str]) -> None:
    studio, pid = stage
    text = config_files.to_yaml(studio, pid, new_experiment(studio, pid, "Base\u2028line"))
    first, *lines = text.splitlines()
    assert first.startswith("# Base line: Classification, written by AI Studio ")
    tops = [line.partition(":")[0] for line in lines if line and line[0] in string.ascii_letters]
    assert tops == list(ClassificationConfig.model_fields)
    assert "  kind: AdamW  # or Adam, SGD" in lines
    assert "  batch_size: 8  # images, 1 to 4096" in lines
    assert "    - kind: Resize" in lines
    assert next(line for line in lines if line.startswith("split:")).endswith("# train 0.8, val 0.2, test 0, seed 0")


def test_what_is_left_out_takes_the_defaults(stage: tuple[Studio, str]) -> None:
    studio, pid = stage
    text = "optimizer: {kind: SGD, lr: 1e-3, weight_decay: 5E-5}\nhardware: {precision: 32}\ntraining: {epochs: 3}"
    config = config_files.from_yaml(studio, pid, text).config
    usual = experiments.default_config(studio, pid)
    assert config["optimizer"] == {"kind": "SGD", "lr": 0.001, "weight_decay": 0.00005, "momentum": 0.9}
    assert config["training"] == {**usual["training"], "epochs": 3}
    assert {name: config[name] for name in ("model", "split", "loss")} == {
        name: usual[name] for name in ("model", "split", "loss")
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no options"),
        ("- task", "has no options"),
        ("training:\n  epochs: [1", "Line 2: while parsing a flow sequence"),
        ("training:\n\tepochs: 1", "Line 2: .*cannot start any token"),
        ("training:\n  epochs: 1\n  epochs: 2", "Line 3: epochs is there twice, first in line 2"),
        ("a: &a [1]\nb: *a", "Line 2: an alias"),
        ("a: &a {x: 1}\nb:\n  <<: *a", "Line 3: an alias"),
        ("a: !!python/object/apply:os.getcwd []", "Line 1: the tag !!python/object/apply:os.getcwd is not allowed"),
        ("a: !!set {b}", "Line 1: the tag !!set is not allowed"),
        ("[a]: 1", "Line 1: an option must be a word"),
        ("a: 1\n--- \nb: 1", "Line 2: expected a single document"),
        ("\nloss: \0", "Line 2: there is a character"),
        ('a: "\\ud800"', "Line 1: there is half a character"),
        ('a: "\\UFFFFFFFF"', "no YAML"),
        ("a: " + "[" * (DEEPEST + 1), f"more than {DEEPEST} deep"),
        ("#" * (LARGEST + 1), "more than 64 KB"),
        ("task: regression", "for the task 'regression', which this version does not know; the project is for"),
        ("task: [classification]", "which this version does not know"),
        ("split: {title: 80/20}", "Split: title is not an option here"),
    ],
)
def test_a_text_that_is_wrong_is_refused_with_its_line(stage: tuple[Studio, str], text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        config_files.from_yaml(*stage, text)


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("traning: {epochs: 3}", "traning", "is not an option here, perhaps training is meant."),
        ("training: {epoch: 3}", "training.epoch", "is not an option here, perhaps epochs is meant."),
        ("training: {colour: 3}", "training.colour", "is not an option here."),
        ("training: {epochs: 1.5}", "training.epochs", "must be a whole number from 1 to 10000."),
        ("optimizer: {lr: .nan}", "optimizer.lr", "must be a number above 0 and at most 10."),
        ("optimizer: {lr: 1e999}", "optimizer.lr", "must be a number above 0 and at most 10."),
        ("optimizer: {kind: Lion}", "optimizer", "must be one of Adam, AdamW, SGD."),
        (
            "optimizer: {kind: SGD, momentun: 0.9}",
            "optimizer.momentun",
            "is not an option here, perhaps momentum is meant.",
        ),
    ],
)
def test_a_wrong_value_is_named_as_in_the_form(stage: tuple[Studio, str], text: str, path: str, said: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        config_files.from_yaml(*stage, text)
    assert [(field.path, field.message) for field in caught.value.fields] == [(path, said)]


def test_more_aliases_than_memory_has_bytes(stage: tuple[Studio, str]) -> None:
    lines = ["a0: &a0 [1, 1]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(BadInput, match="alias"):
        config_files.from_yaml(*stage, "\n".join(lines))


# ---- the split


def test_a_split_is_found_by_id_then_by_name_else_it_is_the_newest(studio: Studio) -> None:
    pid, other = ready_project(studio), new_project(studio, "Others")
    add_images(studio, other, {"cats": 20, "dogs": 20})
    first, newest = (add_split(studio, other, name) for name in ("80/20", "2026"))
    text = config_files.to_yaml(studio, pid, new_experiment(studio, pid))

    def read(text: str) -> tuple[str | None, list[str]]:
        imported = config_files.from_yaml(studio, other, text)
        return imported.config["split"], imported.warnings

    assert read(text) == (first, [])
    assert read(f"split: {first}") == read("split: 80/20") == (first, [])
    assert read("split: 2026") == read("task: classification") == (newest, [])
    assert read("split: null") == (None, [])
    gone = "This project has no split 70/30: the newest one, 2026, was chosen."
    assert read("split: {id: nowhere, name: 70/30}") == (newest, [gone])


def test_a_project_without_a_split_says_so(studio: Studio, pid: str) -> None:
    text = config_files.to_yaml(studio, pid, new_experiment(studio, pid))
    imported = config_files.from_yaml(studio, new_project(studio, "Empty"), text)
    assert (imported.config["split"], imported.warnings) == (
        None,
        ["This project has no split 80/20: none was chosen."],
    )


def test_a_split_that_was_deleted_does_not_keep_the_configuration_in(studio: Studio, pid: str) -> None:
    config = {"split": "gone"}
    eid = experiments.create(studio, ME, pid, ExperimentRequest(config=config)).id
    text = config_files.to_yaml(studio, pid, eid)
    assert "split: {id: gone}  # was deleted" in text
    assert config_files.from_yaml(studio, pid, text).warnings


def test_an_experiment_is_made_of_a_file(studio: Studio, pid: str) -> None:
    origin = new_experiment(studio, pid, "Origin", epochs=7)
    made = config_files.create(studio, ME, pid, config_files.to_yaml(studio, pid, origin), "Again")
    assert (made.name, made.status, made.detail) == ("Again", "created", None)
    assert made.config == experiments.get(studio, pid, origin).config
    with pytest.raises(AIStudioError):
        config_files.create(studio, ME, pid, "training: {epochs: 0}")
    assert len(experiments.all_experiments(studio, pid)) == 2
