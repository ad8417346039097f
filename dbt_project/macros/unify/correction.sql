{#
  Accepted corrections (decision 0046): what an authority took over from a returned form outranks what sources state.
  `input.correction` is mostly empty, and then nothing of this stands in a model's SQL. The provenance of a corrected value
  is the number of its ticket, negative: no source record has such a number. Conflicts go on saying which source would win.
#}
{% macro corrections() -%} {{ api.Relation.create(database=target.database, schema='input', identifier='correction') }} {%- endmacro %}

{# Elements of an entity of which a value was corrected, ascending. #}
{% macro corrected_elements(entity) -%}
    {%- if not execute or target.type != 'duckdb' -%} {{ return([]) }} {%- endif -%}
    {%- if adapter.get_relation(database=target.database, schema='input', identifier='correction') is none -%} {{ return([]) }} {%- endif -%}
    {%- set found = run_query("select distinct element from " ~ corrections() ~ " where entity = '" ~ entity ~ "' order by element") -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{% macro corrected_value(column, corrected) -%}
    {%- if column.element in corrected -%}
    case when corrected_{{ column.element }}.ticket_no is not null
        then cast(corrected_{{ column.element }}.value as {{ column.sql_type }}) else survivor.{{ column.element }} end as {{ column.element }}
    {%- else -%} survivor.{{ column.element }}
    {%- endif -%}
{%- endmacro %}

{% macro corrected_record(column, corrected) -%}
    {%- if column.element in corrected -%}
    coalesce(-corrected_{{ column.element }}.ticket_no, survivor.{{ column.element }}__record) as {{ column.element }}
    {%- else -%} survivor.{{ column.element }}__record as {{ column.element }}
    {%- endif -%}
{%- endmacro %}

{# The joins that `corrected_value` and `corrected_record` read; nothing if nothing was corrected. #}
{% macro corrections_of(entity, corrected, survivor) -%}
    {%- set id_column = entity_meta()[entity].id_column -%}
    {%- for element in corrected %}
left join {{ corrections() }} as corrected_{{ element }}
    on corrected_{{ element }}.entity = '{{ entity }}' and corrected_{{ element }}.element = '{{ element }}'
    and corrected_{{ element }}.entity_id = {{ survivor }}.{{ id_column }}
    {%- endfor -%}
{%- endmacro %}
