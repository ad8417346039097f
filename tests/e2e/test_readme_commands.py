"""Every command in README.md and README.zh-CN.md works: typed as it stands there, in a checkout with a tiny district.

A line of a fenced block marked `sh` is a command. `yibiao` commands are run. `make` commands are taken apart with
`make -n`, because `make test` would run this test again and `make run` would make a district of 50,000: what they would
execute is compared with what other tests do execute. Any other command fails here until somebody says how it is tested.
Commands within sentences must name commands and options that exist.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from installations import PROJECT, Installation

READMES = ("README.md", "README.zh-CN.md")
SHELLS = ("sh", "bash", "shell", "console")


def fenced(name: str) -> list[str]:
    """The commands of a document's shell blocks, in order."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    commands = []
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language in SHELLS:
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                command = line.strip().removeprefix("$ ")
                if command and not command.startswith("#"):
                    commands.append(command)
    return commands


def inline(name: str) -> list[str]:
    """Commands within sentences and tables: code that begins with `yibiao` or `make`."""
    text = re.sub(r"^```.*?^```", "", (PROJECT / name).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [code for code in re.findall(r"`([^`\n]+)`", text) if re.match(r"(\.venv/bin/)?(yibiao|make) [a-z]", code)]


COMMANDS = list(dict.fromkeys(command for name in READMES for command in fenced(name)))
"""In the order of the documents: some use what those before them wrote."""

MENTIONED = sorted({command for name in READMES for command in inline(name)})


@pytest.fixture(scope="module")
def checkout(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A folder that looks like a checkout after `make run`: sources, `.venv`, `data/demo`, `home`."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in PROJECT.iterdir():
        if path.name not in ("home", "data", ".venv", ".git"):
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copytree(published.data, folder / "data" / "demo")
    shutil.copytree(published.home, folder / "home", symlinks=True)
    return Installation(folder / "home", folder / "data" / "demo")


def _shell(checkout: Installation, command: str) -> subprocess.CompletedProcess[str]:
    folder = checkout.home.parent
    # `make test` hands its own level and flags down, and a make below another one adds lines about folders.
    inherited = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")
    environment = {name: value for name, value in checkout.environment.items() if name not in inherited}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def _dry_run(checkout: Installation, command: str) -> list[str]:
    """What a `make` command would execute, in order."""
    target = command.split()[1]
    done = _shell(checkout, command.replace(f"make {target}", f"make -n {target}", 1))
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def _make_run(checkout: Installation, command: str) -> None:
    *_, demo, run = _dry_run(checkout, command)
    given = {"RESIDENTS": "50000", "EDITIONS": "3", "DATA": "data/demo", "HOME_DIR": "home"}
    given |= dict(part.split("=") for part in command.split()[2:])
    assert f"--residents {given['RESIDENTS']} --editions {given['EDITIONS']}" in demo
    assert demo.endswith(f"--out {given['DATA']}")
    assert run == f".venv/bin/yibiao run --data {given['DATA']} --home {given['HOME_DIR']}"


def _make_test(checkout: Installation, command: str) -> None:
    lines = "\n".join(_dry_run(checkout, command))
    for tool in ("ruff check .", "ruff format --check .", "mypy", "yibiao contract generate --check", "-m pytest"):
        assert tool in lines


MAKE: dict[str, Callable[[Installation, str], None]] = {"run": _make_run, "test": _make_test}
"""Target -> its check."""


def test_the_documents_hold_commands() -> None:
    assert len(COMMANDS) >= 15
    assert {"make run", "make test"} <= set(COMMANDS)
    assert len(MENTIONED) >= 8


def test_both_languages_show_the_same_commands() -> None:
    first, second = (fenced(name) for name in READMES)
    assert first == second


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works_as_it_is_written(checkout: Installation, command: str) -> None:
    program, *rest = shlex.split(command)
    if program == "make":
        assert rest[0] in MAKE, f"`{command}`: say in MAKE how this target is tested"
        MAKE[rest[0]](checkout, command)
        return
    assert program in (".venv/bin/yibiao", "yibiao"), f"`{command}`: nothing here tells how it is tested"
    done = _shell(checkout, command if program.startswith(".venv") else f".venv/bin/{command}")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    assert done.stdout.strip()
    assert "Traceback" not in said
    if "--json" in rest:
        assert json.loads(done.stdout)
    elif rest[0] == "query":
        assert done.stdout.count("\n") > 4, "it shows no row of the district"


@pytest.mark.parametrize("command", MENTIONED)
def test_a_command_in_a_sentence_exists(checkout: Installation, command: str) -> None:
    # An option in brackets may be left out; what is written large or in Chinese stands for something.
    program, *rest = re.sub(r"[\[\]]", "", command).split()
    if program == "make":
        if rest[1:]:
            MAKE[rest[0]](checkout, command)
        assert _dry_run(checkout, f"make {rest[0]}")
        return
    from yibiao.cli.root import root

    found: click.Command = root
    context = click.Context(root)
    for word in rest:
        if isinstance(found, click.Group) and not word.startswith("-") and word in found.list_commands(context):
            child = found.get_command(context, word)
            assert child is not None
            found = child
        elif word.startswith("--"):
            options = {option for parameter in found.params for option in parameter.opts}
            assert word in options, f"`{found.name}` has no option {word}"
        else:
            assert not isinstance(found, click.Group), f"`{found.name}` has no command {word}"


def test_an_unknown_command_would_be_noticed(checkout: Installation) -> None:
    """The rules above reject what they do not know: a new kind of command, a new target, a wrong option."""
    for command in ("curl http://example.invalid", "make nothing"):
        with pytest.raises(AssertionError):
            test_the_command_works_as_it_is_written(checkout, command)
    for command in ("yibiao run --fast", "yibiao release forget VERSION", "make no-such-target"):
        with pytest.raises(AssertionError):
            test_a_command_in_a_sentence_exists(checkout, command)
