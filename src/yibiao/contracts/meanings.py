"""Words of data elements that mean more than one of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from yibiao.contracts.documents import Findings
from yibiao.contracts.elements import place_of_element
from yibiao.contracts.values import Element, Schemas
from yibiao.ingest.drift import plain


def two_meanings(elements: Mapping[str, Element]) -> Iterator[tuple[str, tuple[Element, ...]]]:
    """Words (names and aliases, as `plain` sees them) of several elements that nothing tells apart, with the elements.

    A name is what a word means by itself. An alias may be a word of another element too if it says its context; two
    aliases are told apart if both say one, and no context is one of both.
    """
    words: dict[str, dict[str, str]] = defaultdict(dict)  # word -> element -> how the element writes it
    for element in elements.values():
        for name in (element.name, *element.aliases):
            words[plain(name).casefold()].setdefault(element.id, name)
    for word, written in sorted(words.items()):
        bare = [
            id_ for id_, text in written.items() if text == elements[id_].name or text not in elements[id_].contexts
        ]
        named = [id_ for id_ in bare if written[id_] == elements[id_].name]
        said = [context for id_, text in written.items() if id_ not in bare for context in elements[id_].contexts[text]]
        clear = len(set(said)) == len(said) and (not bare or (bare == named and len(named) == 1))
        if len(written) > 1 and not clear:
            yield next(iter(written.values())) or word, tuple(elements[id_] for id_ in sorted(written))


def check_names(schemas: Schemas, findings: Findings, root: Path) -> None:
    """One Chinese name or alias means one element; otherwise forms and people choose the wrong one."""
    names = Counter(element.name for element in schemas.elements.values())
    for name in sorted(name for name, count in names.items() if count > 1):
        second = [element.id for element in schemas.elements.values() if element.name == name][1]
        findings.error("duplicate-name", f"Two data elements are named {name}.", place_of_element(root, second, "name"))
    for word, meanings in two_meanings(schemas.elements):
        if any(names[one.name] > 1 for one in meanings):
            continue
        shown = "; ".join(f"`{one.id}` ({one.name}: {one.definition})" for one in meanings)
        findings.error(
            "two-meanings",
            f"{word} has {len(meanings)} meanings: {shown}.",
            place_of_element(root, meanings[-1].id, "aliases"),
            got=" and ".join(place_of_element(root, one.id, "aliases") for one in meanings),
            todo=f"Keep it at one, or say where it means which: {{name: {word}, context: [...]}}, no word for two.",
        )
