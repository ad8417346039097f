"""`yibiao identity`: pairs that a human should look at, what humans decided, and the models that link records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yibiao.cli.load import HOME, JSON

if TYPE_CHECKING:
    from yibiao.contracts.values import Schemas
    from yibiao.identity.review import ReviewList
    from yibiao.settings import Settings
    from yibiao.warehouse.releases import Release

RELEASE = click.option("--release", "version", help="This version instead of the current one.")

SHOWN = 20
"""Pairs on the screen unless --limit says otherwise."""

STEPS = {
    "merged": "并入 merged",
    "split": "拆分 split",
    "ended": "各期交付中已不再出现 ended",
    "withdrawn": "交付已撤回 withdrawn",
}

BASES = {
    "linked": "模型归并 linked by the model",
    "reviewed": "人工认定 decided by a human",
    "contradicts": "号码与其他记录矛盾 its number contradicts its other records",
    "alone": "与他人不相符 like nobody else",
    "key": "按确定标识或人工认定 by a certain key, or a decision about one",
    "stayed": "其余记录未变 the rest stayed",
}

VERDICTS = {"same": "同一 same", "different": "不同 different", "undecided": "待定 undecided"}


DECIDED = {
    "holds": "生效 holds",
    "waits": "待运行 waits for a run",
    "passed_over": "记录已变, 未起作用 passed over",
    "open": "未定 open",
}


@click.group()
def identity() -> None:
    """Review uncertain matches, keep what humans decided, train and draw the linkage models.

    A pair between the thresholds is for a human: `review --out` writes a list for clerks, `decide` takes it back, and
    from the next run on a decision outranks the model. ENTITY is one with settings in schemas/linkage.
    """


@identity.command()
@click.argument("entity", required=False)
@HOME
@RELEASE
@JSON
@click.option("--limit", type=click.IntRange(1), help=f"At most so many pairs; {SHOWN} on the screen, all in a file.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV file for clerks. It holds personal data."
)
def review(
    entity: str | None, home: Path | None, version: str | None, as_json: bool, limit: int | None, out: Path | None
) -> None:
    """Show the pairs of a release that a human should look at, the strongest first; --out writes them for clerks.

    The screen shows where both sides stand and why they look alike, and of values only the shape: 0 for a digit, 文 for
    a sign. Pairs that are decided already are counted and left out; the next run applies the decisions.
    """
    from yibiao.identity.decisions import UNDECIDED, last_decisions
    from yibiao.identity.review import state_counts
    from yibiao.identity.review_file import write

    settings, schemas, release = _open(home, version)
    lists = _lists(settings, schemas, release, entity)
    if out is not None and len(lists) != 1:
        raise click.UsageError(f"A file holds one entity: name {' or '.join(one.entity.id for one in lists)}.")
    told: list[dict[str, Any]] = []
    for listed in lists:
        earlier = {one.pair: one for one in last_decisions(settings, listed.entity.id)}
        pairs = listed.pairs()
        open_ = [pair for pair in pairs if pair.nodes not in earlier or earlier[pair.nodes].verdict == UNDECIDED]
        chosen = open_[: limit if limit or out else SHOWN]
        sides = listed.sides(chosen)
        if out is not None:
            write(out, listed, chosen, sides, earlier)
        told.append(
            {
                "entity": listed.entity.id,
                "release": release.version,
                "states": state_counts(open_),
                "open": len(open_),
                "decided": len(pairs) - len(open_),
                "file": str(out) if out else "",
                "written": len(chosen) if out else 0,
                "pairs": [] if out else [_masked(listed, pair, sides) for pair in chosen],
            }
        )
    if as_json:
        _json(told)
        return
    for one in told:
        _show(one)


def _masked(listed: ReviewList, pair: Any, sides: Any) -> dict[str, Any]:
    """A pair without any value of a record."""
    from yibiao.identity.words import STATES, likelihood, proposal, reasons_in_words
    from yibiao.quarantine.mask import shape

    def side(key: Any) -> dict[str, Any]:
        told = sides[key]
        places = {name: told.place.get(name) for name in ("department", "report", "edition", "row")}
        report = listed.schemas.reports.get(places["report"] or "")
        shapes = {one.name: shape(told.cells[one.name]) for one in listed.shown if one.name in told.cells}
        return {
            **places,
            "title": report.title if report else "?",
            "is_entity": told.is_entity,
            "records": told.records,
            "shapes": shapes,
        }

    return {
        "node_l": pair.node_l,
        "node_r": pair.node_r,
        "state": pair.state,
        "state_text": STATES.get(pair.state, pair.state),
        "score": pair.score,
        "likelihood": likelihood(pair.score, listed.linkage),
        "proposed": proposal(pair.score, pair.state, pair.both_known, listed.linkage),
        "reasons": reasons_in_words(pair.reasons, listed.linkage, listed.columns, whole=False),
        "left": side(pair.sides[0]),
        "right": side(pair.sides[1]),
    }


def _show(told: dict[str, Any]) -> None:
    from yibiao.identity.words import STATES

    states = ", ".join(f"{STATES.get(state, state)} {state} {count:,}" for state, count in told["states"].items())
    click.echo(
        f"{told['entity']}  {told['release']}  待核对 open {told['open']:,}" + (f" ({states})" if states else "")
    )
    if told["decided"]:
        click.echo(f"  另有 {told['decided']:,} 对已有结论, 下次运行生效。Decided already; `yibiao run` applies them.")
    if told["file"]:
        click.echo(f"  已写入 {told['written']:,} 对 pairs  {told['file']}")
    if not told["pairs"]:
        return
    table = _table("得分 bits", "可能性 likely", "类别 state", "左 left", "右 right")
    table.add_column("理由", overflow="fold")
    for pair in told["pairs"]:
        places = (_place(pair[side]) for side in ("left", "right"))
        table.add_row(f"{pair['score']:.1f}", pair["likelihood"], pair["state_text"], *places, pair["reasons"])
    _print(table)
    if told["open"] > len(told["pairs"]):
        click.echo(f"  {len(told['pairs'])} / {told['open']:,}: --limit, --out")


def _place(side: dict[str, Any]) -> str:
    text = f"{side['title']} {side['edition'] or ''} 行{side['row'] or '?'}"
    return f"{text} 等{side['records']}条" if side["is_entity"] else text


@identity.command()
@click.argument("file", type=click.Path(path_type=Path))
@HOME
@JSON
@click.option("--by", default="", help="Who decided, where the file does not say; you unless given.")
@click.option("--dry-run", is_flag=True, help="Check the file and write nothing.")
def decide(file: Path, home: Path | None, as_json: bool, by: str, dry_run: bool) -> None:
    """Take a review list back that clerks filled in. All its verdicts are written down, or none.

    Rows without a verdict stay open. 待定 takes an earlier verdict back.
    """
    from yibiao.identity.decide_file import take_in

    settings, schemas, release = _open(home, None)
    done = take_in(file, settings, schemas, release, by=by, dry_run=dry_run)
    if as_json:
        _json(done.as_dict())
        return
    click.echo(f"{done.file}  {done.entity}" + ("  试查, 未写入 dry run, nothing written" if dry_run else ""))
    for text, count in (
        ("同一 same", done.same),
        ("不同 different", done.different),
        ("待定 undecided", done.undecided),
        ("与已有结论相同 said before", done.repeated),
        ("未填结论 left open", done.open),
    ):
        click.echo(f"  {text}: {count:,}")
    if (done.same or done.different or done.undecided) and not dry_run:
        click.echo("Run `yibiao run` to apply it.")


@identity.command()
@click.argument("entity", required=False)
@HOME
@JSON
@click.option("--reveal", is_flag=True, help="Show the reasons too. People write names into them.")
def decisions(entity: str | None, home: Path | None, as_json: bool, reveal: bool) -> None:
    """List the last decision about each pair: the verdict, who, when, and what became of it.

    A decision holds from the next run on. One about a record that says something else by now is passed over; the pair
    comes up again if it is still in doubt.
    """
    from yibiao.identity.decisions import last_decisions, states_of
    from yibiao.identity.source import linkage_of
    from yibiao.settings import Settings
    from yibiao.warehouse.releases import current

    settings = Settings.load(home=home)
    settings.open_home()
    if entity:
        linkage_of(settings.schemas, entity)
    made = last_decisions(settings, entity or "")
    rows = [
        vars(one) | {"state": state} | ({} if reveal else {"reason": None})
        for one, state in zip(made, states_of(made, current(settings)), strict=True)
    ]
    if as_json:
        _json(rows)
        return
    if not rows:
        click.echo("还没有结论。Nothing is decided.")
        return
    table = _table("实体 entity", "节点 node", "节点 node", "结论 verdict", "状态 state", "核对人 by", "时间 at")
    if reveal:
        table.add_column("说明")
    for row in rows:
        said = [row["reason"]] if reveal else []
        table.add_row(
            row["entity"], row["node_l"], row["node_r"], VERDICTS[row["verdict"]], DECIDED[row["state"]],
            row["decided_by"], row["decided_at"], *said,
        )  # fmt: skip
    _print(table)


@identity.command()
@click.argument("entity")
@click.argument("node_l")
@click.argument("node_r")
@click.option("--reason", required=True, help="Why, for whoever audits it.")
@HOME
def withdraw(entity: str, node_l: str, node_r: str, reason: str, home: Path | None) -> None:
    """Take the decision about a pair back: from the next run on the model decides again.

    ENTITY, NODE_L and NODE_R are as `yibiao identity decisions` shows them.
    """
    from yibiao.identity.decisions import withdraw as take_back
    from yibiao.settings import Settings

    settings = Settings.load(home=home)
    settings.open_home()
    made = take_back(settings, entity, node_l, node_r, reason)
    click.echo(f"{made.node_l} {made.node_r}: {VERDICTS[made.verdict]}, {made.decided_by}, {made.decided_at}.")
    click.echo("Run `yibiao run` to apply it.")


@identity.command()
@click.argument("entity")
@HOME
@JSON
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for model and chart; schemas/linkage if left out.",
)
def train(entity: str, home: Path | None, as_json: bool, out: Path | None) -> None:
    """Train the model of an entity on the records that are loaded, and draw its match weights.

    No run trains: look at what moved, then commit both files. A changed model is a changed input of the next release.
    """
    from yibiao.contracts import load_schemas
    from yibiao.identity.retrain import retrain
    from yibiao.settings import Settings
    from yibiao.terminal import Terminal

    settings = Settings.load(home=home)
    settings.open_home()
    done = retrain(settings, load_schemas(settings.schemas), entity, out=out, progress=Terminal(sys.stderr))
    if as_json:
        _json(done.as_dict())
        return
    numbers = done.trained.trained
    click.echo(
        f"{entity}  {done.trained.version}  学习 learnt from {numbers['records']:,} / {numbers['of']:,} 条 records"
    )
    click.echo(f"  {done.model}\n  {done.chart}")
    if done.why_anew:
        click.echo(f"  没有可比的旧模型 nothing to compare with: {done.why_anew}")
        click.echo("  `yibiao contract generate` makes the dbt models of an entity that is linked for the first time.")
        return
    if done.before == done.trained.version:
        click.echo("  与原模型相同 the same model as before")
        return
    click.echo(f"  原模型 before: {done.before}; 变动最大的权重 weights that moved most, bits:")
    for one in done.moved[:10]:
        click.echo(f"    {one.name:<44} {one.before:+8.2f} -> {one.after:+8.2f}")
    for name, (old, new) in done.frequencies.items():
        click.echo(f"    {name}: {old:,} -> {new:,} 个常见值 common values")


@identity.command()
@click.argument("entity_id", metavar="ID")
@HOME
@JSON
def where(entity_id: str, home: Path | None, as_json: bool) -> None:
    """Follow an id that was published once: where its records are in the current release, and what happened to it."""
    from yibiao.settings import Settings
    from yibiao.warehouse.identities import locate

    settings = Settings.load(home=home)
    settings.open_home()
    found = locate(settings, entity_id)
    if as_json:
        _json({"id": entity_id, "entity": found.entity, "present": list(found.present), "steps": list(found.steps)})
        return
    for step in found.steps:
        parts = [f"{one}{_because(why)}" for one, why in zip(step["new_ids"], step["why"], strict=True)]
        leads = f" -> {', '.join(parts)}" if parts else ""
        click.echo(f"{step['at']}  {step['release']}  {step['old_id']} {STEPS[step['kind']]}{leads}")
    if not found.present:
        click.echo(f"{entity_id}: 现已不在发布版本中 no longer in the current release ({found.entity})")
    for one in found.present:
        click.echo(f"{one}: 现行编号 present id ({found.entity})")


@identity.command()
@click.argument("entity")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="SVG file.")
def chart(entity: str, out: Path) -> None:
    """Draw the match weights of an entity's stored model."""
    from yibiao.identity.model import read_model
    from yibiao.identity.retrain import write_chart
    from yibiao.identity.source import linkage_of, model_file
    from yibiao.settings import Settings

    schemas = Settings.load().schemas
    model = read_model(model_file(schemas, entity), linkage_of(schemas, entity))
    write_chart(model, out)
    click.echo(f"{entity}  {model.version}  {out}")


def _because(why: str) -> str:
    """Why records are where they are, in words; nothing where an older program did not write it down."""
    words = [BASES.get(basis, basis) for basis in why.split()]
    return f"（{'、'.join(words)}）" if words else ""


def _open(home: Path | None, version: str | None) -> tuple[Settings, Schemas, Release]:
    from yibiao.contracts import load_schemas
    from yibiao.settings import Settings
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home)
    settings.open_home()
    return settings, load_schemas(settings.schemas), find(settings, version) if version else need_current(settings)


def _lists(settings: Settings, schemas: Schemas, release: Release, entity: str | None) -> list[ReviewList]:
    """The list of one entity, or those of all that the release has."""
    from yibiao.identity.review import has_review, review_list
    from yibiao.identity.source import with_settings

    known = with_settings(settings.schemas)
    names = [entity] if entity else [name for name in known if has_review(release, name)] or known[:1]
    return [review_list(settings, schemas, release, name) for name in names]


def _json(value: object) -> None:
    from yibiao.files import to_json

    click.echo(to_json(value), nl=False)


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=" " in name)
    return table


def _print(what: Any) -> None:
    from yibiao.terminal import table_console

    table_console(width=200).print(what)
