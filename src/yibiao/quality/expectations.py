"""Great Expectations' expectations, resolved by counting: one metric that bundles into one query per table.

The library's own expectations fetch sample values of rows that break them (values of persons), reflect the table's
columns and run uniqueness and query expectations as queries of their own. Those below keep its classes, arguments and
validation graph, and replace how they are counted. This module imports the library: only the gate's own process
loads it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
    ExpectTableRowCountToBeBetween,
    UnexpectedRowsExpectation,
)
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from yibiao.quality.counts import holds

METRIC = "table.yibiao_count"


class TableYibiaoCount(TableMetricProvider):
    """One aggregate expression over the whole table; Great Expectations bundles all of them into one query."""

    metric_name = METRIC
    value_keys = ("expression",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: dict,
        metric_value_kwargs: dict,
        metrics: dict[str, Any],
        runtime_configuration: dict,
    ) -> tuple[Any, dict, dict]:
        return sa.literal_column(metric_value_kwargs["expression"]), metric_domain_kwargs, {}


META = "yibiao"
"""Key of an expectation's `meta` with what the gate adds: its number in the spec and its two aggregates.

The aggregates are not made from the expectation's own fields, because the library turns `min_value: "01"` into 1.0.
"""


class Counted:
    """Mixed into an expectation class: judges by the two aggregates of `yibiao.quality.counts` that stand in `meta`."""

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict | None = None, **_: Any
    ) -> ValidationDependencies:
        counts = self.meta[META]["counts"]  # type: ignore[attr-defined]
        domain = {"batch_id": self.batch_id}  # type: ignore[attr-defined]
        return ValidationDependencies(
            metric_configurations={
                name: MetricConfiguration(METRIC, dict(domain), {"expression": expression})
                for name, expression in counts.items()
            },
            result_format={"result_format": "BASIC"},
        )

    def _validate(
        self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        evaluated, unexpected = int(metrics["evaluated"]), int(metrics["unexpected"])
        mostly = getattr(self, "mostly", 1)
        return {
            "success": holds(evaluated, unexpected, 1.0 if mostly is None else float(mostly)),
            "result": {"element_count": evaluated, "unexpected_count": unexpected},
        }


class CountedNotNull(Counted, ExpectColumnValuesToNotBeNull):
    kind: ClassVar[str] = "expect_column_values_to_not_be_null"


class CountedUnique(Counted, ExpectColumnValuesToBeUnique):
    kind: ClassVar[str] = "expect_column_values_to_be_unique"


class CountedCompoundUnique(Counted, ExpectCompoundColumnsToBeUnique):
    kind: ClassVar[str] = "expect_compound_columns_to_be_unique"


class CountedInSet(Counted, ExpectColumnValuesToBeInSet):
    kind: ClassVar[str] = "expect_column_values_to_be_in_set"


class CountedBetween(Counted, ExpectColumnValuesToBeBetween):
    kind: ClassVar[str] = "expect_column_values_to_be_between"


class CountedPairGreater(Counted, ExpectColumnPairValuesAToBeGreaterThanB):
    kind: ClassVar[str] = "expect_column_pair_values_a_to_be_greater_than_b"


class CountedRowCountBetween(Counted, ExpectTableRowCountToBeBetween):
    kind: ClassVar[str] = "expect_table_row_count_to_be_between"


class CountedUnexpectedRows(Counted, UnexpectedRowsExpectation):
    kind: ClassVar[str] = "unexpected_rows_expectation"


class CountedMatchRule(Counted, BatchExpectation):
    """Every value is a well-formed identifier: check digit, date and length, by the rule macros that dbt runs."""

    kind: ClassVar[str] = "expect_column_values_to_match_rule"
    column: str
    rule: str
    mostly: float = 1.0
    success_keys: ClassVar[tuple[str, ...]] = ("column", "rule", "mostly")


class CountedInCodeList(Counted, BatchExpectation):
    """Every value is a code of a list in `schemas/codes`, which so stays the only place that lists them."""

    kind: ClassVar[str] = "expect_column_values_to_be_in_code_list"
    column: str
    code_list: str
    mostly: float = 1.0
    success_keys: ClassVar[tuple[str, ...]] = ("column", "code_list", "mostly")


class CountedEqualLoads(Counted, BatchExpectation):
    """A staging table has as many rows as the live loads of its report: nothing lost, nothing twice."""

    kind: ClassVar[str] = "expect_table_row_count_to_equal_loads"
    department: str
    report: str
    success_keys: ClassVar[tuple[str, ...]] = ("department", "report")


CLASSES: dict[str, type] = {
    cls.kind: cls
    for cls in (
        CountedNotNull,
        CountedUnique,
        CountedCompoundUnique,
        CountedInSet,
        CountedBetween,
        CountedPairGreater,
        CountedRowCountBetween,
        CountedUnexpectedRows,
        CountedMatchRule,
        CountedInCodeList,
        CountedEqualLoads,
    )
}
"""Expectation type -> class."""
