{# Whole calendar months from one date to another: 2026-01-31 to 2026-02-01 is one. #}
{% macro months_between(earlier, later) -%}
    ((year({{ later }}) - year({{ earlier }})) * 12 + month({{ later }}) - month({{ earlier }}))
{%- endmacro %}
