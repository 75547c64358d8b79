"""The commands that ask a running server: `train` starts an experiment and follows it, `stop` ends one."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from aistudio.client import URL, Client
from aistudio.errors import AIStudioError, BadInput
from aistudio.schema.experiment import Experiment
from aistudio.schema.project import Project

COMPLETED, FAILED, REFUSED, LEFT = 0, 1, 2, 130
LARGEST = 2**20
BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} steps{postfix}"

Follower = Callable[[Iterable[Experiment]], Experiment]


def train(argv: Sequence[str]) -> int:
    """0 when the run completed, 1 when it failed or was stopped, 2 when it was refused; 130 when it was left alone."""
    parser = _parser("train", "Train the experiment that a YAML file describes, on a running server.")
    parser.add_argument(
        "config", metavar="CONFIG.yaml", type=Path, help="a configuration, as the Training page exports it"
    )
    parser.add_argument("--name", help="name of the experiment; the server finds one if it is left out")
    parser.add_argument("--no-wait", action="store_true", help="start it and return")
    given = parser.parse_args(argv)
    return _asking(given.url, lambda client: _train(client, given))


def stop(argv: Sequence[str]) -> int:
    """0 when the server has been asked to end it."""
    parser = _parser("stop", "End a run on a running server; what it has learned stays.")
    parser.add_argument("experiment", metavar="EXPERIMENT", help="id or name of the experiment")
    given = parser.parse_args(argv)
    return _asking(given.url, lambda client: _stop(client, given))


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"aistudio {command}", description=description, allow_abbrev=False)
    parser.add_argument("--project", required=True, metavar="PROJECT", help="id or name of the project")
    parser.add_argument("--url", default=URL, help=f"address of the server (default: {URL})")
    return parser


def _asking(url: str, do: Callable[[Client], int]) -> int:
    try:
        with Client(url) as client:
            return do(client)
    except AIStudioError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return LEFT


def _stop(client: Client, given: argparse.Namespace) -> int:
    project = client.project(given.project)
    stopped = client.stop(project.id, client.experiment(project.id, given.experiment).id)
    print(f"{stopped.name} is {stopped.phase if stopped.active else stopped.status}.")
    return COMPLETED


def _train(client: Client, given: argparse.Namespace) -> int:
    config = _read(given.config)
    project = client.project(given.project)
    experiment = client.create(project.id, config, given.name)
    for warning in filter(None, [experiment.detail, _start(client, project, experiment)]):
        print(warning, file=sys.stderr)
    print(f"{project.name} / {experiment.name} ({experiment.id})", flush=True)
    if given.no_wait:
        return COMPLETED
    try:
        follow = _on_a_bar if _has_room() else _in_lines
        return _judge(follow(client.follow(project.id, experiment.id)))
    except KeyboardInterrupt:
        at = f" --url {client.url}" if client.url != URL else ""
        print(
            f"\nThe run goes on. To end it: aistudio stop {experiment.id} --project {project.id}{at}", file=sys.stderr
        )
        return LEFT


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not text in UTF-8.") from None
    if len(text) > LARGEST:
        raise BadInput(f"{path} is too large for a configuration.")
    return text


def _start(client: Client, project: Project, experiment: Experiment) -> str | None:
    """Warnings. An experiment that cannot be started is taken back: the file has all that it was."""
    try:
        return client.train(project.id, experiment.id).detail
    except AIStudioError:
        client.delete(project.id, experiment.id)
        raise


def _judge(done: Experiment) -> int:
    best = (done.metrics.best or {}).get(done.main_metric.name)
    if done.status == "completed":
        print(f"Completed: {_metric(done)} {best or 0:.4g} in epoch {done.best_epoch} of {done.progress.epoch}.")
        return COMPLETED
    if done.error is not None:
        print(f"Failed: {done.error.message} {done.error.advice}".strip(), file=sys.stderr)
    else:
        print(f"The run was {done.status} after epoch {done.progress.epoch}.", file=sys.stderr)
    return FAILED


# ---- how far it is


def _has_room() -> bool:
    """A terminal; one in a container may have no size, and would show nothing of a bar."""
    return sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).lines > 1


def _on_a_bar(run: Iterable[Experiment]) -> Experiment:
    with tqdm(desc="queued", bar_format=BAR, dynamic_ncols=True) as bar:
        for experiment in run:
            bar.set_description_str(_stage(experiment), refresh=False)
            bar.set_postfix_str(", ".join(_values(experiment)), refresh=False)
            bar.total = experiment.progress.steps or None
            bar.n = experiment.progress.step
            bar.refresh()
    return experiment


def _in_lines(run: Iterable[Experiment]) -> Experiment:
    """A line for each finished epoch, and for what it waits for before that."""
    said = ""
    for experiment in run:
        epoch = experiment.progress.epoch
        line = ", ".join([f"epoch {epoch} of {experiment.progress.epochs}", *_values(experiment)[:2]])
        stage = f"epoch {epoch}" if epoch else _stage(experiment)
        if stage != said:
            said = stage
            print(line if epoch else stage, file=sys.stderr, flush=True)
    return experiment


def _stage(experiment: Experiment) -> str:
    if experiment.status == "queued":
        return f"waiting for {experiment.waiting_for}" if experiment.waiting_for else "queued"
    if experiment.progress.epoch:
        return f"epoch {experiment.progress.epoch} of {experiment.progress.epochs}"
    return experiment.phase or experiment.status


def _values(experiment: Experiment) -> list[str]:
    """Loss and main metric of the last epoch, and the time that is left."""
    last, eta = experiment.metrics.last or {}, experiment.progress.eta_seconds
    found = {"loss": last.get("train_loss"), _metric(experiment): last.get(experiment.main_metric.name)}
    values = [f"{name} {value:.4g}" for name, value in found.items() if value is not None]
    return [*values, f"{tqdm.format_interval(eta)} left"] if eta is not None else values


def _metric(experiment: Experiment) -> str:
    return experiment.main_metric.name.removeprefix("val_")
