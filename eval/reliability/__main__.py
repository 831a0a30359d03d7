"""The command line of the scripts: one result line each, exit code 1 when the promise does not hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from eval.reliability.disk import disk_full, disk_full_in_namespace, may_mount
from eval.reliability.kill import kill
from eval.reliability.load import load
from eval.reliability.mutate import mutate
from eval.reliability.result import Result
from eval.reliability.soak import Sample, soak
from eval.reliability.swap import swap
from indexer.build import build_index
from retriever import Assistant


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def cli() -> None:
    """Put the promises of reliability to the test."""


@cli.command("kill")
@click.option("--kills", default=100, type=click.IntRange(1))
@click.option("--seed", default=1)
def kill_command(kills: int, seed: int) -> None:
    """Builders killed with kill -9, first builds too."""
    with _folder() as folder:
        _end(kill(folder, kills, seed))


@cli.command("mutate")
@click.option("--mutations", default=5_000, type=click.IntRange(1))
@click.option("--seed", default=1)
def mutate_command(mutations: int, seed: int) -> None:
    """Every file of an index truncated, flipped, replaced."""
    with _folder() as folder:
        build_index(folder)
        _end(mutate(folder, mutations, seed))


@cli.command("swap")
@click.option("--swaps", default=50, type=click.IntRange(1))
@click.option("--threads", default=10, type=click.IntRange(1))
def swap_command(swaps: int, threads: int) -> None:
    """Re-indexing while threads ask."""
    with _folder() as folder:
        _end(swap(folder, swaps, threads))


@cli.command("disk-full")
@click.option("--sizes", default=20, type=click.IntRange(2))
@click.option("--inside", type=click.Path(exists=True, path_type=Path), hidden=True)
def disk_command(sizes: int, inside: Path | None) -> None:
    """Builds on file systems too small for them."""
    if inside is not None:
        _end(disk_full(inside, sizes))
        return
    if not may_mount():
        raise click.ClickException("this system lets no user mount a file system (unshare -Urm)")
    with _folder() as folder:
        code, output = disk_full_in_namespace(folder, sizes)
    click.echo(output, nl=False)
    raise click.exceptions.Exit(code)


@cli.command("load")
@click.option("--users", default=50, type=click.IntRange(1))
@click.option("--each", default=20, type=click.IntRange(1), help="questions of each user")
@click.option("--limit", default=3.0, help="seconds that 95 % may wait")
@click.option("--pause", default=2.0, help="seconds that a user reads between two questions")
def load_command(users: int, each: int, limit: float, pause: float) -> None:
    """Many users at once, through the Python API."""
    with _folder() as folder:
        build_index(folder)
        _end(load(Assistant.load(folder), users, each, limit, pause))


@cli.command("soak")
@click.option("--questions", default=30_000, type=click.IntRange(100))
@click.option("--swaps", default=20, type=click.IntRange(0))
@click.option("--warm", type=int, help="questions before the slope is fitted (default: a third)")
@click.option("--verbose", is_flag=True, help="every sample, on stderr")
def soak_command(questions: int, swaps: int, warm: int | None, verbose: bool) -> None:
    """Thousands of questions with rebuilds in between."""
    warm = questions // 3 if warm is None else warm
    with _folder() as folder:
        _end(soak(folder, questions, swaps, warm, progress=_show if verbose else None))


def _show(sample: Sample) -> None:
    click.echo(f"{sample}", err=True)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shisaku-") as name:
        yield Path(name)


def _end(result: Result) -> None:
    click.echo(result.line)
    for problem in result.problems:
        click.echo(f"  {problem}", err=True)
    if not result.holds:
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    cli()
