{#
  The total order of source records, as one integer that is greater for the better record.

  bits 59..62  15 - place of the department in the element's authority list (0 for a department not listed)
  bits 43..58  days from 1900-01-01 to the row's as-of date
  bits  0..42  record number, ascending by (edition date, report id, delivery hash, row number)

  One integer keeps survivorship to a plain max(): no window, no sort, and no two records can tie.
  Nothing about arrival takes part, so the order of loading cannot matter.
#}
{% macro record_order(as_of) -%}
    ({{ day_number(as_of) }}::bigint * 8796093022208 + record_no)
{%- endmacro %}

{# Never of a date that may be NULL: greatest() and least() pass over NULL. #}
{% macro day_number(date) -%}
    greatest(0, least(65535, {{ days_from_1900(date) }}))
{%- endmacro %}

{% macro days_from_1900(date) -%} date_diff('day', date '1900-01-01', {{ date }}) {%- endmacro %}

{# The day number inside an order, with or without its authority. #}
{% macro day_of(order) -%} {{ adapter.dispatch('day_of')(order) }} {%- endmacro %}
{% macro default__day_of(order) -%} (({{ order }} >> 43) & 65535) {%- endmacro %}
{% macro spark__day_of(order) -%} (shiftright({{ order }}, 43) & 65535) {%- endmacro %}

{% macro authority_weight(place) -%}
    {{ (15 - place) * 576460752303423488 if place is not none else 0 }}
{%- endmacro %}

{% macro record_of(priority) -%}
    ({{ priority }} & 8796093022207)
{%- endmacro %}
