{#
  identity.survivor_<entity>: grain one entity. Per element the chosen value, the record that gave it
  (`<element>__record`) and whether the sources disagree (`<element>__disputed`). One aggregation answers all three:
  max() of a struct compares the order first, and the order is unique, so the value never decides.
#}
{% macro survivor(entity) -%}
{%- set meta = entity_meta()[entity] -%}
with records as (
    {%- for source in meta.sources %}
    select
        crosswalk.{{ meta.id_column }},
        {%- for column in meta.columns %}
        {%- if column.element in source.elements %}
        case when staged.{{ column.element }} is not null then {{ ranked_value(column, source) }} end
        {%- else %}
        cast(null as {{ ranked_type(column) }})
        {%- endif %} as {{ column.element }}{{ "," if not loop.last }}
        {%- endfor %}
    from (select *, {{ record_order('as_of') }} as record_order from {{ ref(source.model) }}) as staged
    inner join {{ ref('crosswalk_' ~ entity) }} as crosswalk on staged.record_no = crosswalk.record_no
    where crosswalk.{{ meta.id_column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

best as (
    select
        {{ meta.id_column }},
        {%- for column in meta.columns %}
        max({{ column.element }}) as {{ column.element }},
        min({{ value_hash(column.element ~ '.value') }}) filter (where {{ column.element }} is not null)
            <> max({{ value_hash(column.element ~ '.value') }}) filter (where {{ column.element }} is not null)
            as {{ column.element }}__disputed{{ "," if not loop.last }}
        {%- endfor %}
    from records
    group by {{ meta.id_column }}
)

select
    {{ meta.id_column }},
    {%- for column in meta.columns %}
    {{ column.element }}.value as {{ column.element }},
    {{ record_of(column.element ~ '.priority') }} as {{ column.element }}__record,
    coalesce({{ column.element }}__disputed, false) as {{ column.element }}__disputed{{ "," if not loop.last }}
    {%- endfor %}
from best
{%- endmacro %}

{% macro ranked_value(column, source) -%}
    struct_pack(
            priority := {{ authority_weight(column.authority.get(source.department)) }} + staged.record_order,
            value := cast(staged.{{ column.element }} as {{ column.sql_type }}))
{%- endmacro %}

{% macro ranked_type(column) -%} struct(priority bigint, value {{ column.sql_type }}) {%- endmacro %}

{# canonical.<entity>: grain one entity, the golden record. A link is the keyed id of the other entity's certain key. #}
{% macro golden(entity) -%}
{%- set meta = entity_meta()[entity] -%}
select
    survivor.{{ meta.id_column }},
    {%- for column in meta.columns %}
    survivor.{{ column.element }},
    {%- endfor %}
    {%- for linked, elements in meta.links.items() %}
    {%- set values = [] %}
    {%- for element in elements %}{% do values.append('survivor.' ~ element) %}{% endfor %}
    {{ keyed_id(linked, "'1' || chr(31) || " ~ values | join(" || chr(31) || "), 'installation.secret') }} as {{ linked }}_id,
    {%- endfor %}
    {%- set counted = [] %}
    {%- for column in meta.columns %}{% do counted.append('survivor.' ~ column.element ~ '__disputed::integer') %}{% endfor %}
    {{ counted | join(' + ') }} as disputed_count
from {{ ref('survivor_' ~ entity) }} as survivor
cross join {{ source('input', 'installation') }} as installation
{%- endmacro %}

{# canonical.<entity>_provenance: grain one entity; per element the number of the source record that gave the value. #}
{% macro provenance(entity) -%}
{%- set meta = entity_meta()[entity] -%}
select
    {{ meta.id_column }},
    {%- for column in meta.columns %}
    {{ column.element }}__record as {{ column.element }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('survivor_' ~ entity) }}
{%- endmacro %}

{#
  canonical.<entity>_conflict: grain one source record's value of one disputed element. Only disputed cells are
  unfolded, report by report, so that the cost follows the disagreement and not the number of records.
#}
{% macro conflict(entity) -%}
{%- set meta = entity_meta()[entity] -%}
{%- for source in meta.sources %}
{%- set shared = meta.columns | selectattr('element', 'in', source.elements) | list %}
select
    {{ meta.id_column }},
    claim.element,
    record_no,
    '{{ source.department }}' as department,
    claim.value,
    claim.is_chosen
from (
    select
        survivor.{{ meta.id_column }},
        staged.record_no,
        unnest(list_filter([
            {%- for column in shared %}
            case when survivor.{{ column.element }}__disputed and staged.{{ column.element }} is not null then struct_pack(
                element := '{{ column.element }}',
                value := cast(staged.{{ column.element }} as varchar),
                is_chosen := survivor.{{ column.element }}__record = staged.record_no) end
            {{- "," if not loop.last }}
            {%- endfor %}
        ], lambda claim: claim is not null)) as claim
    from {{ ref(source.model) }} as staged
    inner join {{ ref('crosswalk_' ~ entity) }} as crosswalk on staged.record_no = crosswalk.record_no
    inner join {{ ref('survivor_' ~ entity) }} as survivor
        on crosswalk.{{ meta.id_column }} = survivor.{{ meta.id_column }}
)
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{%- endmacro %}
