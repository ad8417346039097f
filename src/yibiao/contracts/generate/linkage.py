"""dbt's side of linkage: the records of an entity as its linkage settings read them, the model that links them, and
what is published of it.

Which columns that may be says `yibiao.identity.source`. A column with `_text` is the text as delivered where it could
not be read: a mistyped number is still evidence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.contracts.generate.canonical import built, certain_keys, given_elements, sources
from yibiao.contracts.generate.text import HEADER, literal, to_sql, to_yaml
from yibiao.contracts.registry import address_of
from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Entity, Schemas
from yibiao.identity.source import OWN_NUMBER, SourceColumn, source_columns, stated_by
from yibiao.ingest.rules import quote, sql_text

if TYPE_CHECKING:
    from yibiao.identity.settings import LinkageSettings

NOTHING = "cast(null as varchar)"


def linkage_files(schemas: Schemas, linkage: Mapping[str, LinkageSettings]) -> dict[str, str]:
    """Path inside the dbt project -> content.

    Args:
        linkage: settings of every entity whose records are linked.

    Raises:
        LinkageError: settings read a column that no report can give.
    """
    files: dict[str, str] = {}
    before = ""
    for name, settings in linkage.items():
        entity = schemas.entities[name]
        files[f"models/identity/linkage_record_{name}.sql"] = _records(entity, settings, schemas)
        files[f"models/identity/linkage_{name}.py"] = _model(entity, before)
        found, touched = f"linkage_{name}", f"touched_{name}"
        for macro, refs, config in (
            ("link", [found, touched], built("record_no", touched)),
            ("review", [found], built()),
        ):
            depends = "\n".join(f"-- depends_on: {{{{ ref({literal(ref)}) }}}}" for ref in refs)
            call = f"{{{{ {macro}({literal(name)}) }}}}"
            files[f"models/identity/{macro}_{name}.sql"] = to_sql(f"{depends}\n{config}\n\n{call}")
        files[f"models/identity/{name}_linkage.yml"] = _properties(entity)
        before = name
    return files


def address_files(schemas: Schemas) -> dict[str, str]:
    """Models that find the entity which an address names, for every entity that others name so: path -> content."""
    files: dict[str, str] = {}
    for target in schemas.entities.values():
        naming = {one.id: one.addresses[target.id] for one in schemas.entities.values() if target.id in one.addresses}
        present = [name for name in (target.id, *naming) if sources(schemas.entities[name], schemas)]
        if target.id not in present or len(present) == 1:
            continue
        (key,) = target.keys[0]
        address = address_of(target, schemas.elements)
        asked = [
            (f"survivor_{name}", column, key if target.id in schemas.entities[name].links else "")
            for name, column in sorted(naming.items())
            if name in present
        ]
        lines = [f'    dbt.ref("survivor_{name}")' for name in present]
        files[f"models/identity/address_{target.id}.py"] = "\n".join(
            [
                f"# {HEADER}",
                "def model(dbt, session):",
                '    dbt.config(materialized="table")',
                *lines,
                "    from yibiao.identity.dwellings import named_by_address",
                "",
                "    asked = [",
                *(f"        ({', '.join(map(json.dumps, one))})," for one in asked),
                "    ]",
                f'    return named_by_address(session, asked, "survivor_{target.id}", "{key}", "{address}")',
                "",
            ]
        )
        files[f"models/identity/address_{target.id}.yml"] = to_yaml(
            {
                "version": 2,
                "models": [
                    {
                        "name": f"address_{target.id}",
                        "description": f"{target.name}地址匹配: the one {target.id} that an address names. "
                        "Grain: one text.",
                    }
                ],
            }
        )
    return files


def linked_entities(folder: Path, schemas: Schemas) -> dict[str, LinkageSettings]:
    """Entities whose records are linked: those with settings and a model in `linkage/`, by id.

    Raises:
        ContractError: settings are wrong.
    """
    from yibiao.identity.settings import read_settings

    return {
        path.stem: read_settings(path)
        for path in sorted((folder / "linkage").glob("*.yml"))
        if path.stem in schemas.entities and path.with_suffix(".json").is_file()
    }


def _records(entity: Entity, settings: LinkageSettings, schemas: Schemas) -> str:
    columns = source_columns(settings, entity, schemas)
    branches = []
    for report in schemas.reports.values():
        if entity.id in report.about:
            branches += _branches(report, entity, columns, schemas)
    return to_sql('{{ config(materialized="view") }}\n\n' + "\nunion all\n".join(branches))


def _branches(report: Report, entity: Entity, columns: tuple[SourceColumn, ...], schemas: Schemas) -> list[str]:
    """Records with a certain key, and those without one: only of these is the text as delivered looked up."""
    stated = {one.name: stated_by(one, report, schemas) for one in columns}
    plain = {one.name: _value(one, stated[one.name], report) for one in columns}
    texts = {one.name: column for one in columns if one.as_written and (column := stated[one.name]) is not None}
    keys, given = certain_keys(entity, schemas.elements), given_elements(report, entity)
    certain = f"{{{{ certain_key({literal(keys)}, {literal(given)}) }}}}"
    model = f"{{{{ ref({literal(report.staging_model)}) }}}}"

    def select(entity_of: str, read: Mapping[str, str], source: str) -> str:
        chosen = [
            "staged.record_no as id",
            f"{sql_text(report.id)} as report",
            f"{entity_of} as entity",
            *(f"{value} as {name}" for name, value in read.items()),
        ]
        return "select\n    " + ",\n    ".join(chosen) + f"\n{source}"

    branches = []
    if any(set(key) <= set(given) for key in entity.keys):
        branches.append(select(certain, plain, f"from {model} as staged\nwhere {certain} is not null"))
    source = f"from (select * from {model} where {certain} is null) as staged"
    if texts:
        raw = f'{{{{ source("raw", {literal(report.raw_table)}) }}}}'
        source += f"\ninner join {raw} as delivered on staged.record_no = delivered.record_no"
    written = {name: f"delivered.{quote(column.name)}" for name, column in texts.items()}
    branches.append(select(NOTHING, plain | written, source))
    return branches


def _value(column: SourceColumn, stated: Column | None, report: Report) -> str:
    """SQL of a column over the staged rows of a report."""
    if stated is None:
        constant = column.element in report.constants and not column.of_others
        return f"cast(staged.{column.element} as varchar)" if constant else NOTHING
    if column.name == OWN_NUMBER:
        return f"'{report.department} ' || staged.{stated.staged_name}"
    return f"cast(staged.{stated.staged_name} as varchar)"


def _model(entity: Entity, before: str) -> str:
    """The Python model; `before` is the linked entity that is built first, because each may need all memory.

    Incremental, because the model itself takes out of its table what it says anew.
    """
    lines = [f'    dbt.ref("linkage_{before}")'] if before else []
    return "\n".join(
        [
            f"# {HEADER}",
            "def model(dbt, session):",
            '    dbt.config(materialized="incremental", incremental_strategy="append", on_schema_change="fail")',
            f'    dbt.ref("linkage_record_{entity.id}")',
            '    dbt.source("input", "installation")',
            '    dbt.source("input", "link_decision")',
            *lines,
            "    from yibiao.identity.run import link_entity",
            "",
            f'    return link_entity(session, "{entity.id}")',
            "",
        ]
    )


def _properties(entity: Entity) -> str:
    id_column = {"name": entity.id_column, "data_type": "VARCHAR", "description": f"{entity.name}编号"}

    def column(name: str, kind: str, text: str) -> dict[str, str]:
        return {"name": name, "data_type": kind, "description": text}

    link = {
        "name": f"link_{entity.id}",
        "description": f"{entity.name}归并: which {entity.id} a record without a usable certain key is of, and why. "
        "Grain: one such source record.",
        "config": {"contract": {"enforced": True}},
        "columns": [
            column("record_no", "BIGINT", "源记录号"),
            column("node_id", "VARCHAR", "节点编号: stays the same as long as the record says the same"),
            id_column,
            column("basis", "VARCHAR", "依据: linked, reviewed, contradicts, alone"),
            column("score", "DECIMAL(9,3)", "匹配权重: bits of the strongest pair; NULL where there is none"),
            column("reasons", "VARCHAR", "Points of each comparison: name:level:thousandths of a bit"),
        ],
    }
    review = {
        "name": f"review_{entity.id}",
        "description": f"{entity.name}待核对: pairs for a human. Grain: one pair of nodes.",
        "config": {"contract": {"enforced": True}},
        "columns": [
            column("node_l", "VARCHAR", "节点编号"),
            column("node_r", "VARCHAR", "节点编号"),
            column("record_l", "BIGINT", "源记录号; NULL for an entity with a certain key"),
            column("record_r", "BIGINT", "源记录号; NULL for an entity with a certain key"),
            column(f"{entity.id}_l", "VARCHAR", f"{entity.name}编号 now"),
            column(f"{entity.id}_r", "VARCHAR", f"{entity.name}编号 now"),
            column("score", "DECIMAL(9,3)", "匹配权重, bits"),
            column("state", "VARCHAR", "review: 介于两个阈值之间; rival: 另有相近的候选; apart: 合并会产生矛盾"),
            column("reasons", "VARCHAR", "Points of each comparison: name:level:thousandths of a bit"),
        ],
    }
    records = {
        "name": f"linkage_record_{entity.id}",
        "description": f"{entity.name}: what linkage reads. "
        f"Grain: one source record of a report about the {entity.id}.",
    }
    linkage = {
        "name": f"linkage_{entity.id}",
        "description": "What linkage found. "
        "Grain: by `kind` one record, one entity that a human joined to another, one pair for a human.",
    }
    return to_yaml({"version": 2, "models": [records, linkage, link, review]})
