"""Scripts for every choice, and the shell lines that start an experiment (what they do is in tests/engine)."""

import ast
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.testclient import TestClient

from aistudio.api.app import create_api
from aistudio.errors import InvalidConfig
from aistudio.schema.augmentation import ImageTransform
from aistudio.schema.explain import models_in
from aistudio.schema.loss import ClassLoss
from aistudio.schema.model import ImageClassifier
from aistudio.schema.optimizer import Optimizer
from aistudio.schema.scheduler import MultiStepLR, Scheduler
from aistudio.service import code, config_files, experiments
from aistudio.service.code import classification
from aistudio.service.code.source import Source
from aistudio.service.code.weights import start
from aistudio.store.atomic import write_json
from aistudio.studio import Studio
from aistudio.tasks import TASKS
from aistudio.tasks.classification import ClassificationConfig
from tests.configs import ANY_CONFIG, Config
from tests.fixtures import new_experiment

ROOT = Path(__file__).parents[2]
WHERE = Source("A name", Path("/data/1"), Path("/data/splits.sqlite"), "80/20", 33)
MAY_STAND_ALONE = {
    "albumentations", "bisect", "contextlib", "cv2", "lightning", "math", "numpy", "os", "pathlib", "random", "sqlite3",
    "timm", "torch",
}  # fmt: skip


def written(config: Config, source: Source = WHERE) -> str:
    return classification.script(ClassificationConfig.model_validate(config), source)


def check(script: str) -> None:
    """Python, formatted, with all names it uses and none that it does not; and it imports no more than it may."""
    nodes = list(ast.walk(ast.parse(script)))
    modules = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert {name.partition(".")[0] for name in modules} <= MAY_STAND_ALONE
    for verb in (["format", "--diff"], ["check", "--ignore", "TID253,N812"]):
        command = ["ruff", *verb, "--stdin-filename", "script.py", "-"]
        done = subprocess.run(command, input=script, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def choices(path: str, union: Any) -> list[tuple[str, type[BaseModel]]]:
    return [(path, model) for model in models_in(union)]


CHOICES = [
    *choices("optimizer", Optimizer),
    *choices("scheduler", Scheduler),
    *choices("loss", ClassLoss),
    *choices("transform", ImageTransform),
]


@pytest.mark.parametrize(("path", "model"), CHOICES, ids=lambda part: getattr(part, "__name__", None))
def test_every_choice_has_its_code_and_no_other(path: str, model: type[BaseModel]) -> None:
    one = model()
    given: Config = {path: one} if path != "transform" else {"augmentations": {"train": [one]}}
    script = written(given)
    check(script)
    for other in {model for way, model in CHOICES if way == path} - {model}:
        if path in ("optimizer", "loss"):
            name = other.target.rpartition(":")[2]  # type: ignore[attr-defined]
            assert f"{name}(" not in script.replace(f"{type(one).target.rpartition(':')[2]}(", "")  # type: ignore[attr-defined]
    for name, value in one:
        if name not in ("kind", "source") and not isinstance(value, tuple) and path != "scheduler":
            assert repr(value) in script, name


NAMES = st.text(min_size=1, max_size=40).filter(str.strip)


def test_a_name_may_be_as_long_as_the_form_lets_it() -> None:
    check(written({}, Source("n" * 100, WHERE.dataset, WHERE.splits, "s" * 100, 33)))


def test_every_task_has_a_writer() -> None:
    assert list(code.WRITERS) == [task.key for task in TASKS]


@given(config=ANY_CONFIG, images=st.integers(2, 100), name=NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_configuration_is_clean_code(config: Config, images: int, name: str) -> None:
    place = Source(name, Path("/a\\ 'b"), Path('/a/"b"'), name, images)
    check(written(config, place))


def test_many_milestones_stand_one_on_a_line() -> None:
    milestones = tuple(range(1001, 1021))
    check(written({"scheduler": MultiStepLR(milestones=milestones)}))


def test_a_schedule_is_the_formula_of_the_preview() -> None:
    for model in models_in(Scheduler):
        for warmup in (0, 2):
            schedule: Any = model(warmup_epochs=warmup)
            script = written({"scheduler": schedule, "training": {"epochs": 12}})
            functions = [node for node in ast.parse(script).body if getattr(node, "name", "") == "factor"]
            imports = "import math\nfrom bisect import bisect_right\nEPOCHS = 12\n"
            names: dict[str, Any] = {}
            exec(imports + "\n".join(map(ast.unparse, functions)), names)
            factor = names.get("factor", lambda step, steps: 1.0)
            for step in range(12 * 5 + 3):
                assert factor(step, 5) == pytest.approx(schedule.factor(step, 5, 12))


# ---- weights


@pytest.mark.parametrize(
    ("backbone", "files", "name", "file"),
    [
        ("resnet18", [], "resnet18.a1_in1k", None),
        ("resnet18", ["resnet18.a1_in1k.safetensors"], "resnet18.a1_in1k", "resnet18.a1_in1k.safetensors"),
        ("resnet18", ["resnet18.tv_in1k.bin", "resnet18.a1_in1k.pth"], "resnet18.a1_in1k", "resnet18.a1_in1k.pth"),
        ("resnet18", ["resnet18.tv_in1k.bin", "resnet18.pth"], "resnet18.tv_in1k", "resnet18.tv_in1k.bin"),
        ("resnet18", ["resnet18-f37072fd.pth"], "resnet18.tv_in1k", "resnet18-f37072fd.pth"),
        ("resnet18", ["renamed-d63eafa0.pth"], "resnet18.a1_in1k", "renamed-d63eafa0.pth"),
        ("resnet18", ["resnet18.unheard_of.pth"], "resnet18.a1_in1k", None),
        ("resnet18", ["resnet18.pth", "resnet18d.x.pth"], "resnet18.a1_in1k", "resnet18.pth"),
        ("resnet18.tv_in1k", ["resnet18.a1_in1k.pth"], "resnet18.tv_in1k", None),
        ("mobilenet_v2", ["mobilenet_v2-b0353104.pth"], "mobilenetv2_100", "mobilenet_v2-b0353104.pth"),
        ("test_resnet", [], "test_resnet", None),
        ("test_resnet", ["test_resnet.r160_in1k.pth"], "test_resnet.r160_in1k", "test_resnet.r160_in1k.pth"),
    ],
)
def test_weights_are_those_of_the_worker(
    tmp_path: Path, backbone: str, files: list[str], name: str, file: str | None
) -> None:
    for one in files:
        (tmp_path / one).touch()
    found = start(ImageClassifier(backbone=backbone), tmp_path, None)
    assert (found.name, found.file) == (name, tmp_path / file if file else None)
    assert found.by_order == (backbone == "mobilenet_v2")
    assert not start(ImageClassifier(backbone=backbone, pretrained=False), tmp_path, None).file


def test_the_file_that_a_run_has_used_wins(studio: Studio, pid: str, tmp_path: Path) -> None:
    """The worker knows files by more names than can be told without torch: those of models outside the catalog."""
    (tmp_path / "published-d63eafa1.pth").touch()
    other = {"model": {"backbone": "test_resnet"}}
    given = Source(**{**vars(WHERE), "weights_dir": tmp_path, "weights_file": "published-d63eafa1.pth"})
    assert f'WEIGHTS = Path("{tmp_path}/published-d63eafa1.pth")' in written(other, given)
    assert "WEIGHTS" not in written(other, Source(**{**vars(given), "weights_file": None}))


# ---- of an experiment


def test_the_script_of_an_experiment_knows_its_images(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid, 'He said """hello"""\\')
    script = code.script(studio, pid, eid)
    check(script)
    assert f'DATASET = Path("{studio.settings.workspace}/projects/{pid}/dataset/1")' in script
    assert "\n# 80/20\nSPLIT = " in script
    answer = TestClient(create_api(studio)).get(f"/api/projects/{pid}/experiments/{eid}/code")
    assert (answer.text, answer.headers["content-type"]) == (script, "text/x-python; charset=utf-8")


def test_weights_that_a_run_noted_are_read_from_its_sidecar(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    folder = studio.workspace.project(pid).experiment(eid)
    folder.checkpoints.mkdir()
    for noted in ("timm download", "random", 7, None):
        write_json(folder.checkpoints / "last.ckpt.json", {"weights": noted})
        assert code.script(studio, pid, eid)


@pytest.mark.parametrize("split", [None, "gone"])
def test_without_a_split_there_is_no_script(studio: Studio, pid: str, split: str | None) -> None:
    config = {**experiments.default_config(studio, pid), "split": split}
    with pytest.raises(InvalidConfig, match=r"Split: (choose one|was deleted)"):
        code.config_script(studio, pid, "x", config)


def test_the_shell_lines_save_the_configuration(studio: Studio, pid: str, tmp_path: Path) -> None:
    name = "It's $(touch pwned) `ls` /etc"
    eid = new_experiment(studio, pid, name)
    lines = code.command(studio, pid, eid)
    shown = lines.replace("aistudio train", "printf '%s\\n'")
    done = subprocess.run(["sh", "-c", shown], cwd=tmp_path, capture_output=True, text=True, check=True)
    file = "it-s-touch-pwned-ls-etc.yaml"
    url = f"http://127.0.0.1:{studio.settings.port}"
    assert done.stdout.splitlines() == [file, "--project", pid, "--name", name, "--url", url]
    assert [path.name for path in tmp_path.glob("*.yaml")] == [file] and not (tmp_path / "pwned").exists()
    assert (tmp_path / file).read_text() == config_files.to_yaml(studio, pid, eid)
