"""The console script `aistudio`: `serve` is `python app.py`, `demo` trains here, `train` and `stop` ask a server."""

import argparse
import sys
from collections.abc import Callable, Sequence

from tqdm import tqdm

from aistudio import remote
from aistudio.errors import AIStudioError
from aistudio.schema.experiment import Experiment
from aistudio.service import demo, doctor
from aistudio.settings import parse
from aistudio.studio import Actor, Studio
from aistudio.tasks import task


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("aistudio", description="Train image models without writing code.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, purpose) in COMMANDS.items():
        commands.add_parser(name, help=purpose, add_help=False)
    command, rest = parser.parse_known_args(argv)
    run, _ = COMMANDS[command.command]
    return run(rest)


def run_server(argv: Sequence[str]) -> int:
    import app

    return app.main(argv)


def run_doctor(argv: Sequence[str]) -> int:
    """One line for each finding; 1 if one of them is a problem."""
    problems = 0
    for finding in doctor.examine(parse(argv)):
        print(finding, flush=True)
        problems += finding.level == "problem"
    return 1 if problems else 0


def run_demo(argv: Sequence[str]) -> int:
    """0 when the run completed. Refuses while a server holds the workspace, and names it."""
    try:
        studio = Studio(parse(argv)).open("aistudio demo")
    except AIStudioError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        return _demo(studio)
    except AIStudioError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    finally:
        studio.close()


def _demo(studio: Studio) -> int:
    with tqdm(unit=" images", desc="Importing") as bar:
        project, experiment = demo.start(studio, Actor(origin="cli"), lambda job: _move(bar, job.done, job.total))
    with tqdm(unit=" steps", desc="Training ") as bar:
        done = demo.wait(studio, project.id, experiment.id, lambda one: _show(bar, one))
    labels = task(project.task).metrics
    best = done.metrics.best or {}
    print(f"\n{project.name} / {done.name}: best epoch {done.best_epoch} of {done.progress.epoch}")
    for name, label in labels.items():
        print(f"  {label:<10} {best.get(name) or 0:7.1%}")
    print(f"\nLook at it in the browser: python app.py --workspace {studio.settings.workspace}")
    return 0


def _show(bar: "tqdm[None]", experiment: Experiment) -> None:
    last = experiment.metrics.last or {}
    if (accuracy := last.get(experiment.main_metric.name)) is not None:
        bar.set_postfix_str(f"epoch {experiment.progress.epoch}/{experiment.progress.epochs}, accuracy {accuracy:.1%}")
    elif experiment.phase:
        bar.set_postfix_str(experiment.phase)
    _move(bar, experiment.progress.step, experiment.progress.steps)


def _move(bar: "tqdm[None]", done: int, total: int) -> None:
    bar.total = total or None
    bar.update(done - bar.n)


COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "serve": (run_server, "serve the application in the browser"),
    "demo": (run_demo, "make the demo project, train it, print its metrics"),
    "train": (remote.train, "train what a YAML file describes, on a running server"),
    "stop": (remote.stop, "end a run on a running server"),
    "doctor": (run_doctor, "look for what is wrong, without changing anything"),
}

if __name__ == "__main__":
    sys.exit(main())
