"""Kill runs at random moments and look what is left: `make soak`.

    python -m bench.soak [--kills 20] [--residents 300] [--seed 1]

Every kill begins with a copy of a prepared home folder: one that has published the first edition of a small district,
or (every fifth) one that has only a key. The real `yibiao run` gets the second edition and dies by SIGKILL: with all
its processes, or (every fourth) alone, as by the kernel when memory ends, while its children live on. Moments are
spread over the duration of an undisturbed run, one drawn in each of N equal parts.

After the kill everything visible must be whole (`bench.intact`) and the current release the one before or the one
after. Then a run without a kill must publish the content that an undisturbed home with the same key publishes, and
leave nothing behind. Writes `bench/results/soak.json`; ends with status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.intact import current_manifest, intact, left_behind

RESULTS = Path(__file__).parent / "results" / "soak.json"
YIBIAO = Path(sys.executable).with_name("yibiao")
KEY = "5" * 64
SECOND = ("_202602.", "2026-02.")
"""Parts of the names of files that belong to the second edition."""


@dataclass
class Case:
    """One kill and what came of it."""

    number: int
    home: str
    victim: str
    share: float
    moment: float = 0.0
    too_late: int = 0
    stage: str = ""
    current: str = ""
    loads: int = 0
    next_state: str = ""
    next_seconds: float = 0.0
    content_hash: str = ""
    findings: list[str] = field(default_factory=list)


class Run:
    """One `yibiao run` in a session of its own, and the stage it is in, read from its plain progress lines."""

    def __init__(self, data: Path, home: Path) -> None:
        self.began = time.monotonic()
        self.stage = "start"
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [str(YIBIAO), "run", "--data", str(data), "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def _follow(self) -> None:
        from yibiao.terminal import LABELS

        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            for name, label in LABELS.items():
                if line.startswith(label):
                    self.stage = name
                elif line.startswith(f"  {label}:"):
                    self.stage = f"after {name}"

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit status; None if it still runs after so many seconds."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self.seconds = time.monotonic() - self.began
        return status

    def kill(self, *, alone: bool = False) -> None:
        """SIGKILL to the process and, unless `alone`, to all that it started."""
        if alone:
            self._process.kill()
        else:
            _kill_group(self._process.pid)
        self._process.wait()

    def end(self) -> None:
        """Leave nothing running."""
        _kill_group(self._process.pid)
        self._process.wait()
        self._reader.join(5)


def _kill_group(group: int) -> None:
    """SIGKILL until nobody of the group runs any more; a dead child that init has not fetched yet does not count."""
    for _ in range(200):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return
        if not _running(group):
            return
        time.sleep(0.05)
    raise RuntimeError("a killed process does not end")


def _running(group: int) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # ended while we looked
        if int(of_group) == group and state not in "ZX":
            return True
    return False


class Soak:
    """The prepared folders and the cases."""

    def __init__(self, work: Path, kills: int, residents: int, seed: int) -> None:
        self.work, self.kills, self.residents, self.seed = work, kills, residents, seed
        self.after, self.before, self.home = work / "after", work / "before", work / "home"

    def prepare(self) -> None:
        """Make the district, the two homes to start from, and what an undisturbed home publishes."""
        subprocess.run(
            [
                *(str(YIBIAO), "demo", "--residents", str(self.residents), "--seed", str(self.seed)),
                *("--editions", "2", "--out", str(self.after)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        shutil.copytree(
            self.after,
            self.before,
            ignore=lambda _, names: [name for name in names if any(part in name for part in SECOND)],
        )
        self._correct()
        empty, prepared = self.work / "empty", self.work / "prepared"
        self._open(empty)
        self._copy(empty)
        first = self._undisturbed(self.before, "first edition")
        shutil.copytree(self.home, prepared, symlinks=True)
        self.reference = self._undisturbed(self.after, "second edition")
        self._copy(empty)
        both = self._undisturbed(self.after, "both at once")
        if both["content_hash"] != self.reference["content_hash"]:
            raise SystemExit("Loading both editions at once gives another content than one after the other.")
        if first["content_hash"] == self.reference["content_hash"]:
            raise SystemExit("The second edition changes nothing: there would be no work to disturb.")
        self.starts = {"first edition published": (prepared, first), "empty": (empty, both)}
        self.durations = {
            "first edition published": self.reference["seconds"],
            "empty": both["seconds"],
        }

    def _correct(self) -> None:
        """A department sends its second edition once more, a row shorter: two deliveries of one edition."""
        sent = next((self.after / "public_security" / "household_register").glob("*_202602.csv"))
        rows = sent.read_bytes().splitlines(keepends=True)
        sent.with_name(sent.name.replace("_202602", "_更正_202602")).write_bytes(b"".join(rows[:-1]))

    @staticmethod
    def _open(home: Path) -> None:
        from yibiao.settings import Settings

        Settings.load(home=home).open_home()
        (home / "key").write_text(KEY)
        (home / "key").chmod(0o600)

    def _copy(self, start: Path) -> None:
        """Begin anew, at the same place."""
        if self.home.exists():
            shutil.rmtree(self.home)
        shutil.copytree(start, self.home, symlinks=True)

    def _undisturbed(self, data: Path, what: str) -> dict[str, Any]:
        home = self.home
        run = Run(data, home)
        try:
            status = run.wait()
        finally:
            run.end()
        manifest = current_manifest(home)
        wrong = intact(home) + left_behind(home)
        if status != 0 or manifest is None or wrong:
            print("\n".join(run.lines[-20:]))
            raise SystemExit(f"An undisturbed run does not do what it should ({what}): {wrong}")
        print(f"undisturbed, {what}: {run.seconds:.1f} s, content {manifest['content_hash'][:16]}", flush=True)
        return {"version": manifest["version"], "content_hash": manifest["content_hash"], "seconds": run.seconds}

    def cases(self) -> list[Case]:
        """One moment in each of N equal parts of a run, in random order."""
        chance = random.Random(self.seed)
        shares = [(part + chance.random()) / self.kills for part in range(self.kills)]
        chance.shuffle(shares)
        return [
            Case(
                number=number,
                home="empty" if number % 5 == 0 else "first edition published",
                victim="run alone" if number % 4 == 0 else "all its processes",
                share=round(share, 3),
            )
            for number, share in enumerate(shares, 1)
        ]

    def disturb(self, case: Case) -> None:
        """Kill, look, run again, look."""
        start, before = self.starts[case.home]
        self._copy(start)
        run = self._kill(case, start)
        try:
            self._look(case, None if case.home == "empty" else before["version"])
            again = Run(self.after, self.home)
            try:
                status = again.wait()
            finally:
                again.end()
        finally:
            run.end()
        case.next_seconds = round(again.seconds, 1)
        if status != 0:
            case.findings.append(f"the next run ended with status {status}")
        self._compare(case)
        if case.findings:
            self.home.rename(self.work / f"case-{case.number}")

    def _kill(self, case: Case, start: Path) -> Run:
        while True:
            moment = case.share * self.durations[case.home] * 0.9**case.too_late
            run = Run(self.after, self.home)
            try:
                status = run.wait(moment)
            except BaseException:
                run.end()
                raise
            if status is None:
                case.moment = round(time.monotonic() - run.began, 2)
                run.kill(alone=case.victim == "run alone")
                case.stage = run.stage
                return run
            # This one was faster than the undisturbed run: nothing was killed. Once more, a little earlier.
            run.end()
            case.too_late += 1
            self._copy(start)

    def _look(self, case: Case, before: str | None) -> None:
        home = self.home
        case.findings += [f"after the kill: {finding}" for finding in intact(home)]
        case.loads = sum(1 for _ in (home / "lake").glob("*/*/load=*"))
        link = home / "releases" / "current"
        current = os.readlink(link) if link.is_symlink() else None
        if current not in (before, self.reference["version"]):
            case.findings.append(f"after the kill: the current release is {current}")
        case.current = {before: "before", self.reference["version"]: "after"}.get(current, "?")
        if current is None:
            case.current = "none yet"

    def _compare(self, case: Case) -> None:
        home = self.home
        summary = json.loads((home / "summary.json").read_bytes()) if (home / "summary.json").exists() else {}
        case.next_state = str(summary.get("state", "no summary"))
        manifest = current_manifest(home) or {}
        case.content_hash = manifest.get("content_hash", "none")
        if case.content_hash != self.reference["content_hash"]:
            case.findings.append("the next run ended with another content hash")
        if manifest.get("version") != self.reference["version"]:
            case.findings.append(f"the next run ended with release {manifest.get('version')}")
        errors = sum(len(report["errors"]) for report in summary.get("reports", []))
        if not summary.get("ok") or errors:
            case.findings.append(f"the next run says: {case.next_state}, {errors} errors")
        case.findings += [f"after the next run: {finding}" for finding in intact(home) + left_behind(home)]
        case.findings += self._index(home)

    @staticmethod
    def _index(home: Path) -> list[str]:
        """The control database must say again what the folders say, and that a run was killed."""
        import sqlite3

        connection = sqlite3.connect(home / "control.db")
        try:
            loads = {row[0] for row in connection.execute("select load_id from load")}
            states = [row[0] for row in connection.execute("select state from run order by run_id")]
        finally:
            connection.close()
        found = []
        if loads != {path.name.removeprefix("load=") for path in (home / "lake").glob("*/*/load=*")}:
            found.append("the index of loads is not what lies in the lake")
        if "running" in states or states[-1] not in ("published", "unchanged"):
            found.append(f"the journal of runs says {states}")
        return found


def show(cases: list[Case]) -> str:
    """The table of all kills."""
    head = ("kill", "began with", "killed", "second", "stage", "loads", "current", "next run", "seconds", "found")
    rows = [
        (
            str(case.number),
            case.home,
            case.victim,
            f"{case.moment:.1f}",
            case.stage,
            str(case.loads),
            case.current,
            case.next_state,
            f"{case.next_seconds:.1f}",
            "; ".join(case.findings) or "nothing",
        )
        for case in cases
    ]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join(line.rstrip() for line in lines)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--residents", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS, help="where to write what was found")
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="yibiao-soak-"))
    soak = Soak(work, given.kills, given.residents, given.seed)
    found = 0
    try:
        soak.prepare()
        cases = soak.cases()
        for case in cases:
            soak.disturb(case)
            found += len(case.findings)
            _write(given.out, soak, cases[: case.number])
            what = "; ".join(case.findings) or "nothing found"
            print(
                f"kill {case.number}/{given.kills}: {case.home}, {case.victim}, second {case.moment:.1f}"
                f" ({case.stage}), current: {case.current}; next run: {case.next_state} in {case.next_seconds:.0f} s;"
                f" {what}",
                flush=True,
            )
    finally:
        if found:
            print(f"The homes with findings lie in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    print("\n" + show(cases))
    same = sum(case.content_hash == soak.reference["content_hash"] for case in cases)
    print(f"\n{len(cases)} kills, {found} findings; {same} of {len(cases)} next runs end with the undisturbed content.")
    return 1 if found else 0


def _write(out: Path, soak: Soak, cases: list[Case]) -> None:
    """What was found so far; no path and no name of a machine."""
    import duckdb

    from yibiao import __version__

    result = {
        "format": 1,
        "program": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "duckdb": duckdb.__version__,
        "cores": len(os.sched_getaffinity(0)),
        "kills": len(cases),
        "residents": soak.residents,
        "seed": soak.seed,
        "undisturbed": {
            "content_hash": soak.reference["content_hash"],
            "seconds": {home: round(seconds, 1) for home, seconds in soak.durations.items()},
        },
        "findings": sum(len(case.findings) for case in cases),
        "cases": [asdict(case) for case in cases],
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
