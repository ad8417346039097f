"""Turns labelled forms and the names of the registry into the numbers that `bench.sense.train` reads.

python -m bench.sense.prepare build/sense/pieces.json build/sense/forms.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.labelled import Labelled, worded_forms
from bench.matching import teaching
from bench.matching_train import AS_READ, folds_of, words_unheard, write_folds
from bench.matching_trust import FOLDS
from yibiao.contracts import Schemas, load_schemas
from yibiao.matching.lexicon import Fact, Lexicon
from yibiao.matching.normalise import words_of
from yibiao.matching.pieces import Pieces
from yibiao.matching.sense import NOTHING, Marks, reads
from yibiao.settings import Settings

ENTITIES = {
    "resident": "居民",
    "household": "家庭",
    "dwelling": "房屋",
    "organisation": "组织",
    "benefit": "待遇",
    "event": "事件",
}
UNTAUGHT = -1


def prepared(schemas: Schemas, root: Path, told: dict[str, Any]) -> dict[str, Any]:
    """All that is taught, in numbers.

    Args:
        told: what `bench.sense.pieces` wrote.
    """
    lexicon = Lexicon(schemas)
    pieces = Pieces(told["pieces"], told["chances"], told["marks"]["unknown"])
    marks = Marks(*(told["marks"][one] for one in ("begin", "end", "below", "apart")))
    judged = teaching(root, schemas)
    worded = worded_forms(schemas)
    forms = [*judged, *worded]
    folds_judged = folds_of(judged)
    # Nobody judges these; each fold does without a fifth of them so that all are taught about as much.
    folds = [*folds_judged, *(place % FOLDS for place in range(len(worded)))]
    facts = [lexicon.owned(one.fact) for form in forms for one in form.fields if not one.skipped]
    elements = [NOTHING, *sorted(schemas.elements)]
    roles = sorted({one.role or "" for one in facts})
    derives = sorted({one.derive or "" for one in facts})
    assert roles[0] == derives[0] == ""

    def asked(one: Labelled, worth: float) -> tuple[int, int, int, float]:
        fact: Fact = lexicon.owned(one.fact)
        element = elements.index(fact.element or NOTHING)
        if not element:
            return (element, UNTAUGHT, UNTAUGHT, worth)
        return (element, roles.index(fact.role or ""), derives.index(fact.derive or ""), worth)

    def asked_by_name(element: str) -> tuple[int, int, int]:
        """A name of what an entity keeps of a person is asked of that person; of others it leaves open of whom."""
        if element in schemas.asked_as:
            of, role = schemas.asked_as[element]
            return (elements.index(of), roles.index(role), UNTAUGHT)
        return (elements.index(element), UNTAUGHT, UNTAUGHT)

    lines = []
    for form, fold in zip(forms, folds, strict=True):
        for read in reads(form.title, [one.field for one in form.fields], pieces, marks):
            worth = 1.0 if form.read else 1 / AS_READ
            headers = [
                (begin, end, *asked(form.fields[number], worth))
                for number, begin, end in read.headers
                if not form.fields[number].skipped
            ]
            if headers:
                lines.append({"pieces": read.pieces, "title": read.title, "headers": headers, "fold": fold})
    unheard = [words_unheard(judged, folds_judged, number) for number in range(FOLDS)]
    entity = {one.id: ENTITIES.get(one.entity, "") for one in schemas.elements.values()}
    return {
        **told,
        "folds": FOLDS,
        "elements": elements,
        "roles": roles,
        "derives": derives,
        "elements_named": [
            (told["marks"]["begin"], *pieces.of(text), told["marks"]["end"])
            for text in ("没有数据元", *(entity[one] + schemas.elements[one].name for one in elements[1:]))
        ],
        "entities": {one: pieces.of(one) for one in sorted(set(entity.values()))},
        "names": [
            {
                "entity": entity[one.id],
                "pieces": pieces.of(name),
                "asks": asked_by_name(one.id),
                "unheard": [] if name == one.name else [n for n in range(FOLDS) if words_of(name) in unheard[n]],
            }
            for one in schemas.elements.values()
            for name in (one.name, *one.aliases)
            if pieces.of(name)
        ],
        "lines": lines,
    }


def main() -> None:
    """Write them."""
    settings = Settings.load()
    schemas = load_schemas(settings.schemas)
    write_folds(teaching(settings.schemas, schemas))
    found = prepared(schemas, settings.schemas, json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(found, ensure_ascii=False))
    headers = sum(len(one["headers"]) for one in found["lines"])
    print(f"{len(found['lines'])} lines, {headers} headers, {len(found['names'])} names, {len(found['roles'])} roles")


if __name__ == "__main__":
    main()
