"""Since when a delivery was known: the first release that was made of it, by the journal and the manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yibiao.settings import Settings

KNOWN_SINCE = "known_since"
"""Key of a journal entry about a removed release: what was known by it first, and since when."""


@dataclass(frozen=True)
class Since:
    """The moment of a publication; `or_earlier` if releases before it are gone without a trace of what they held."""

    at: str
    or_earlier: bool = False

    @property
    def day(self) -> str:
        """Its day in Asia/Shanghai."""
        return self.at[:10]


def delivery_key(report: str, edition: str, sha256: str) -> str:
    """What a delivery is called in the journal; an amendment is called by its id."""
    return f"{report} {edition} {sha256[:16]}"


def first_published(settings: Settings) -> dict[str, Since]:
    """Since when each delivery and amendment is known that any release was made of."""
    from yibiao.warehouse import releases

    there = {release.version: release for release in releases.every(settings)}
    entries = releases.journal(settings)
    kept: dict[str, str] = {}
    told = set()
    for entry in entries:
        if entry["action"] == "prune" and KNOWN_SINCE in entry:
            told.add(entry["version"])
            for key, at in entry[KNOWN_SINCE].items():
                kept[key] = min(at, kept.get(key, at))
    found = {key: Since(at) for key, at in kept.items()}
    lost = False
    for entry in entries:
        if entry["action"] != "publish":
            continue
        if (release := there.get(entry["version"])) is None:
            lost |= entry["version"] not in told
            continue
        for key in _holds(release.manifest):
            if key not in found:
                found[key] = Since(entry["at"], lost)
    return found


def known_first_by(settings: Settings, version: str) -> dict[str, str]:
    """What no release before this one was made of, and since when it is known: for the journal, when it goes."""
    from yibiao.warehouse import releases

    at = {entry["at"] for entry in releases.journal(settings) if entry["version"] == version}
    held = set(_holds(releases.find(settings, version).manifest))
    since = first_published(settings)
    return {key: since[key].at for key in sorted(held) if key in since and since[key].at in at}


def _holds(manifest: Mapping[str, Any]) -> list[str]:
    held = []
    for load in manifest.get("inputs", {}).get("loads", ()):
        held += [delivery_key(load["report"], load["edition"], load["delivery_sha256"]), *load.get("amendments", ())]
    return held
