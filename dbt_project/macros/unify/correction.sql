{#
  Accepted corrections (decision 0046): what an authority took over from a returned form outranks what sources state.
  `input.correction` is mostly empty, and then nothing of this stands in a model's SQL. The provenance of a corrected value
  is the number of its ticket, negative: no source record has such a number. Conflicts go on saying which source would win.

  A correction names an entity by the id that its form was filled with. Where records are linked, that is a node: if it is
  part of another entity by now, the correction goes with it, and of several that meet in one entity the last ticket counts.
  If the node is no more, the correction does nothing, which is counted (`yibiao.warehouse.corrections`).
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
left join (
    select
        {{ present_id(entity) }} as entity_id,
        max(told.ticket_no) as ticket_no,
        {{ value_of_greatest('told.value', 'told.ticket_no') }} as value
    from {{ corrections() }} as told
    {{- where_nodes_are(entity) }}
    where told.entity = '{{ entity }}' and told.element = '{{ element }}'
    group by 1
) as corrected_{{ element }}
    on corrected_{{ element }}.entity_id = {{ survivor }}.{{ id_column }}
    {%- endfor -%}
{%- endmacro %}

{# The entity of the node that a correction `told` names; it reads what `where_nodes_are` joins. #}
{% macro present_id(entity) -%}
    {%- if entity_meta()[entity].linked -%} coalesce(node.entity_l, told.entity_id) {%- else -%} told.entity_id {%- endif -%}
{%- endmacro %}

{# Linkage is no ref(): whatever is corrected is built after the crosswalk, which has it. #}
{% macro where_nodes_are(entity) -%}
    {%- if entity_meta()[entity].linked %}
    left join (
        select
            node_l,
            min(entity_l) as entity_l
        from {{ as_it_was('identity', 'linkage_' ~ entity) }}
        where kind in ('record', 'entity') and node_l in (select entity_id from {{ corrections() }})
        group by node_l
    ) as node
        on told.entity_id = node.node_l
    {%- endif %}
{%- endmacro %}

{#
  Of `touched_<entity>`: entities of which a correction came, was taken back or is another one, under the id that it names
  and the one that is present. Where a node goes to another entity, linkage touches both. `glue` begins each part.
#}
{% macro touched_by_corrections(entity, glue='union') -%}
    {%- set otherwise = said_otherwise(corrections(), before('correction'), 'entity_id, element, value, ticket_no, department', "entity = '" ~ entity ~ "'") -%}
    {{ glue }}
    select entity_id from ({{ otherwise }}) as corrected
    {%- if entity_meta()[entity].linked %}
    {{ glue }}
    select entity_l from {{ ref('linkage_' ~ entity) }}
    where kind in ('record', 'entity') and node_l in (select entity_id from ({{ otherwise }}) as corrected)
    {%- endif %}
{%- endmacro %}
