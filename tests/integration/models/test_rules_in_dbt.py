"""dbt's own unit tests of the identity and survivorship rules, run by the real dbt on a real warehouse file."""

import pytest

from installations import new_installation
from warm import warm_engines
from yibiao.contracts import load_schemas
from yibiao.progress import Silent
from yibiao.warehouse.dbt import run_models
from yibiao.warehouse.inputs import Inputs
from yibiao.warehouse.prepare import prepare


@pytest.fixture(scope="module")
def built(published, tmp_path_factory):
    """All models built in a warehouse without any load, and their unit tests, which take column types from there."""
    folder = tmp_path_factory.mktemp("rules")
    settings = new_installation(folder / "home", folder / "data", like=published).settings
    schemas = load_schemas(settings.schemas)
    database = folder / "warehouse.duckdb"
    prepare(database, Inputs(loads=(), parts={}), schemas, settings)
    # In one process: to start dbt a second time would take as long as the models.
    with warm_engines():
        return run_models(settings, database, folder, Silent(), command="build")


def test_all_models_build_from_nothing(built):
    models = [model for model in built if model["status"] != "pass"]
    assert {model["status"] for model in models} == {"success"}
    assert {"resident", "household", "dwelling", "organisation", "benefit", "event"} <= {m["model"] for m in models}


def test_the_rules_hold_as_dbt_unit_tests(built):
    found = [test for test in built if test["status"] != "success"]
    assert {test["status"] for test in found} == {"pass"}
    names = " ".join(test["model"] for test in found)
    for rule in (
        "equal_codes_are_one_organisation_and_linkage_places_the_rest",
        "two_codes_that_a_human_joined_are_one_organisation",
        "the_authority_wins_over_the_newer_record",
        "of_one_department_the_newer_as_of_date_wins",
        "of_equal_dates_the_higher_record_number_wins",
        "not_stated_never_beats_a_value_and_is_no_dispute",
        "what_the_id_number_states_wins",
        "what_most_reports_state_wins_and_a_tie_goes_to_the_authority",
        "the_row_checked_last_wins_and_an_unchecked_one_comes_last",
        "of_marital_statuses_an_impossible_one_loses_and_a_fresh_registration_wins",
        "the_registered_address_is_that_of_the_household",
    ):
        assert rule in names
