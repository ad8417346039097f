"""What a unify run can have ready before it is known what it builds: dbt, the gate, a copy of the release database.

While reports are ingested one processor of two has little to do, and all of this takes a tenth of the run of a day.
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

from yibiao.files import scratch
from yibiao.quality import Gate, ready_gate
from yibiao.settings import Settings
from yibiao.warehouse import releases
from yibiao.warehouse.dbt import Models, ready_models


class Ahead:
    """Processes and files that wait for a unify run; a context manager, after which those that nobody took are gone.

    Whatever was not begun is begun when it is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._models: Models | None = None
        self._gate: Gate | None = None
        self._copy: Copy | None = None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *error: object) -> None:
        self.without_copy()
        self._stack.close()

    def begin(self, *, copy: bool = False) -> None:
        """Start what is not there; cheap if all is.

        Args:
            copy: of the database of the current release, too, if there is one.
        """
        self._ready_models()
        self._ready_gate()
        if copy and self._copy is None and (release := releases.available(self._settings)):
            folder = self._stack.enter_context(scratch(self._settings.work, "ahead"))
            self._copy = Copy(release.database, folder / releases.DATABASE)

    def models(self) -> Models:
        """The dbt that waits."""
        models, self._models = self._ready_models(), None
        return models

    def gate(self) -> Gate:
        """The gate that waits."""
        gate, self._gate = self._ready_gate(), None
        return gate

    # Each by itself: whoever asks for dbt after the gate was taken would otherwise start a second gate for nobody.
    def _ready_models(self) -> Models:
        if self._models is None:
            self._models = self._stack.enter_context(ready_models(self._settings))
        return self._models

    def _ready_gate(self) -> Gate:
        if self._gate is None:
            self._gate = self._stack.enter_context(ready_gate(self._settings))
        return self._gate

    def copy(self, source: Path, target: Path) -> None:
        """Put a copy of the database of a release at `target`, on the same file system as the home."""
        copy, self._copy = self._copy, None
        if copy is None or not copy.moved(source, target):
            shutil.copyfile(source, target)

    def without_copy(self) -> None:
        """Stop copying, and remove what was copied."""
        if self._copy is not None:
            self._copy.stop()
            self._copy = None


class Copy:
    """A file that is copied by a thread."""

    STEP = 64 << 20
    """Bytes after which it looks whether it should stop."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source, self._target = source, target
        self._stopped = threading.Event()
        self._was: tuple[int, ...] | None = None
        self._thread = threading.Thread(target=self._run, name="copy", daemon=True)
        self._thread.start()

    def moved(self, source: Path, target: Path) -> bool:
        """Wait for its end and move the copy.

        Returns:
            False if it is no copy of that file as it is now.
        """
        self._thread.join()
        if source != self._source or self._was is None or self._was != _state(source):
            self._target.unlink(missing_ok=True)
            return False
        shutil.move(self._target, target)
        return True

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._target.unlink(missing_ok=True)

    def _run(self) -> None:
        with suppress(OSError):  # a full disk, say: who needs the copy makes it himself and sees the error
            was = _state(self._source)
            with self._source.open("rb") as source, self._target.open("wb") as target:
                while os.sendfile(target.fileno(), source.fileno(), None, self.STEP):
                    if self._stopped.is_set():
                        return
                # The disk has time now; whoever writes into the copy then waits for his own pages only.
                os.fdatasync(target.fileno())
            self._was = was


def _state(path: Path) -> tuple[int, ...]:
    """What differs if it is another file, or another content."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
