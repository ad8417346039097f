"""Training a linkage model with Splink: probabilities of the levels, the prior, term frequencies.

Splink sees the prepared columns and the conditions of `yibiao.identity.levels`; the model that comes out holds only
numbers.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from yibiao.errors import LinkageError
from yibiao.identity.levels import column, condition, unstated
from yibiao.identity.model import Frequencies, LevelWeight, Model
from yibiao.identity.prepare import Prepared
from yibiao.identity.settings import Comparison, LinkageSettings
from yibiao.progress import Progress, Silent

if TYPE_CHECKING:
    import duckdb

LEAST_M, LEAST_U = 2e-4, 1e-6
"""A probability that no sample showed, or showed as smaller, counts as this: what a sample lacks is not impossible.
Among matches it is greater, so that one surprise in an otherwise perfect pair does not outweigh all that agrees."""

SAMPLE = "linkage_sample"


def train_prepared(
    con: duckdb.DuckDBPyConnection, prepared: Prepared, settings: LinkageSettings, progress: Progress | None = None
) -> Model:
    """Train on a prepared table.

    Args:
        con: the connection that holds it; Splink's own tables are removed from it again.

    Raises:
        LinkageError: there are too few records, or no two of them that could be the same.
    """
    from importlib.metadata import version

    if prepared.rows < 2:
        raise LinkageError("Nothing can be learnt from fewer than two records.", where=settings.name)
    progress = progress or Silent()
    training = settings.training
    rows = _sample(con, prepared, settings)
    frequencies = {
        name: _frequencies(con, prepared.table, column(name), training.rare) for name in settings.frequencies()
    }
    progress.advance(note=f"{rows:,} records sampled, term frequencies counted")
    trained = _untrained(settings) or _splink(con, settings, progress)
    prior = _prior(con, prepared, settings, trained["probability_two_random_records_match"])
    con.execute(f"drop table {SAMPLE}")
    found = {given["output_column_name"]: _weights(given["comparison_levels"]) for given in trained["comparisons"]}
    weights = {one.name: _by_hand(one) if _is_by_hand(one) else found[one.name] for one in settings.comparisons}
    return Model(
        settings=settings.name,
        semantics=settings.semantics(),
        splink=version("splink"),
        prior=prior,
        weights=weights,
        frequencies=frequencies,
        trained={"records": rows, "of": prepared.rows},
    )


def _prior(con: duckdb.DuckDBPyConnection, prepared: Prepared, settings: LinkageSettings, found: float) -> float:
    """The probability that two random records are the same entity; with labels that of a record and a random entity."""
    training = settings.training
    if training.labels and training.prior is None and not training.prior_blocks:
        name = column(training.labels)
        (entities,) = con.execute(f'select count(distinct "{name}") from {prepared.table}').fetchall()[0]
        return 1 / max(2, int(entities))
    return found


def _sample(con: duckdb.DuckDBPyConnection, prepared: Prepared, settings: LinkageSettings) -> int:
    """Some of the records, by a hash of what tells entities apart, so that all records of one come along."""
    training = settings.training
    by = column(training.labels) if training.labels else "id"
    share = min(1.0, training.records / prepared.rows)
    bound = math.ceil(share * 2**32)
    where = f"where {by} is not null and hash({by}, {training.seed}) & 4294967295 < {bound}" if share < 1 else ""
    con.execute(f"create or replace temp table {SAMPLE} as select * from {prepared.table} {where} order by rid")
    (rows,) = con.execute(f"select count(*) from {SAMPLE}").fetchall()[0]
    return int(rows)


def _frequencies(con: duckdb.DuckDBPyConnection, table: str, name: str, rare: int) -> Frequencies:
    counted = con.execute(
        f'select "{name}", count(*) from {table} where "{name}" is not null group by all order by all'
    ).fetchall()
    total = sum(count for _, count in counted)
    kept = {value: count / total for value, count in counted if count >= rare}
    others = [count for _, count in counted if count < rare]
    rest = sum(others) / len(others) / total if others else 1 / max(total, 1)
    return Frequencies(rest, kept)


def _untrained(settings: LinkageSettings) -> dict[str, Any] | None:
    """What Splink would give back if there is nothing for it to find."""
    if settings.training.prior is None or not all(_is_by_hand(one) for one in settings.comparisons):
        return None
    return {"comparisons": [], "probability_two_random_records_match": settings.training.prior}


def _splink(con: duckdb.DuckDBPyConnection, settings: LinkageSettings, progress: Progress) -> dict[str, Any]:
    """Splink's own model as a dictionary."""
    from splink import DuckDBAPI, Linker, SettingsCreator
    from splink.comparison_library import CustomComparison

    # Splink tells of every level that a sample did not show; the model holds the least for those.
    logging.getLogger("splink").setLevel(logging.ERROR)
    training = settings.training
    comparisons = [
        CustomComparison(
            output_column_name=comparison.name,
            comparison_levels=[
                {
                    "sql_condition": unstated(comparison),
                    "label_for_charts": "not stated",
                    "is_null_level": True,
                },
                *(_level(level) for level in comparison.levels),
                {"sql_condition": "ELSE", "label_for_charts": "else"},
            ],
        )
        for comparison in settings.comparisons
        if not _is_by_hand(comparison)
    ]
    creator = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        comparisons=list(comparisons),
        blocking_rules_to_generate_predictions=[],
        probability_two_random_records_match=training.prior or 0.0001,
    )
    api = DuckDBAPI(connection=con)
    linker = Linker(api.register(SAMPLE), creator, log_level=None)
    try:
        if training.prior_blocks and training.prior is None:
            _estimate_prior(linker, settings)
        linker.training.estimate_u_using_random_sampling(
            max_pairs=training.pairs, seed=training.seed, min_count_per_level=None, num_chunks=1
        )
        progress.advance(note="probabilities among different entities")
        if training.labels:
            linker.training.estimate_m_from_label_column(column(training.labels))
        for parts in training.em:
            linker.training.estimate_parameters_using_expectation_maximisation(
                _agree(parts), estimate_without_term_frequencies=True
            )
        progress.advance(note="probabilities among matches")
        return linker.misc.save_model_to_json()
    finally:
        api.delete_tables_created_by_splink_from_db()


def _estimate_prior(linker: Any, settings: LinkageSettings) -> None:
    training = settings.training
    try:
        linker.training.estimate_probability_two_random_records_match(
            [_agree(parts) for parts in training.prior_blocks], recall=training.prior_recall
        )
    except ValueError:  # Splink's own, with more matches than pairs allow
        raise LinkageError(
            "The blocks of the prior find more matches than their recall allows.",
            where=settings.name,
            todo="Name narrower blocks under `train.prior`.",
        ) from None
    if not 0 < linker.misc.save_model_to_json()["probability_two_random_records_match"] < 1:
        raise LinkageError(
            "No two records of the training are the same by the blocks of the prior.",
            where=settings.name,
            todo="Name blocks under `train.prior` that find matches, or give `prior` as a number.",
        )


def _is_by_hand(comparison: Comparison) -> bool:
    """Whether all levels have probabilities of their own: nothing is left to train."""
    return all(level.m is not None and level.u is not None for level in comparison.levels)


def _by_hand(comparison: Comparison) -> tuple[LevelWeight, ...]:
    given = [LevelWeight(level.label, level.m or LEAST_M, level.u or LEAST_U) for level in comparison.levels]
    m, u = 1 - sum(one.m for one in given), 1 - sum(one.u for one in given)
    return (*given, LevelWeight("else", max(LEAST_M, m), max(LEAST_U, u)))


def _level(level: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"sql_condition": condition(level, profile=False), "label_for_charts": level.label}
    if level.m is not None:
        found |= {"m_probability": level.m, "fix_m_probability": True}
    if level.u is not None:
        found |= {"u_probability": level.u, "fix_u_probability": True}
    return found


def _agree(parts: Sequence[str]) -> str:
    return " and ".join(f'l."{column(part)}" = r."{column(part)}"' for part in parts)


def _weights(levels: list[dict[str, Any]]) -> tuple[LevelWeight, ...]:
    """Levels without the one for what is not stated; a probability that was not observed becomes the least."""

    def probability(given: Any, least: float) -> float:
        return max(least, float(given)) if isinstance(given, (int, float)) else least

    return tuple(
        LevelWeight(
            one["label_for_charts"],
            probability(one.get("m_probability"), LEAST_M),
            probability(one.get("u_probability"), LEAST_U),
        )
        for one in levels
        if not one.get("is_null_level")
    )
