"""Words of data elements that mean more than one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from yibiao.contracts.values import Element
from yibiao.ingest.drift import plain


def two_meanings(elements: Mapping[str, Element]) -> Iterator[tuple[str, tuple[Element, ...]]]:
    """Words (names and aliases, as `plain` sees them) of several elements that nothing tells apart, with the elements.

    A name is what a word means by itself. An alias may be a word of another element too if it says its context; two
    aliases are told apart if both say one, and no context is one of both.
    """
    words: dict[str, dict[str, str]] = defaultdict(dict)  # word -> element -> how the element writes it
    for element in elements.values():
        for written in (element.name, *element.aliases):
            words[plain(written).casefold()].setdefault(element.id, written)
    for word, written in sorted(words.items()):
        bare = [id_ for id_, text in written.items() if text == elements[id_].name or text not in elements[id_].contexts]
        named = [id_ for id_ in bare if written[id_] == elements[id_].name]
        said = [context for id_, text in written.items() if id_ not in bare for context in elements[id_].contexts[text]]
        clear = len(set(said)) == len(said) and (not bare or bare == named and len(named) == 1)
        if len(written) > 1 and not clear:
            yield next(iter(written.values())) or word, tuple(elements[id_] for id_ in sorted(written))
