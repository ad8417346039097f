{#
  identity.survivor_<entity>: grain one entity. Per element the record that gives the value (`<element>__record`) and
  whether the sources disagree (`<element>__disputed`).

  Only numbers are aggregated here: a state of fixed size can be written to disk when memory is short, a text cannot, and
  every better record would copy the text anew. The values are fetched once, when the winners are known (macro golden).
#}
{% macro survivor(entity) -%}
{%- set meta = entity_meta()[entity] -%}
with records as (
    {%- for source in meta.sources %}
    select
        crosswalk.{{ meta.id_column }},
        {%- for column in meta.columns %}
        {%- if column.element in source.elements %}
        case when staged.{{ column.element }} is not null
            then {{ authority_weight(column.authority.get(source.department)) }} + staged.record_order end
            as {{ column.element }}__order,
        case when staged.{{ column.element }} is not null then {{ value_hash('staged.' ~ column.element) }} end
            as {{ column.element }}__hash
        {%- else %}
        cast(null as bigint) as {{ column.element }}__order,
        cast(null as ubigint) as {{ column.element }}__hash
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    from (select *, {{ record_order('as_of') }} as record_order from {{ ref(source.model) }}) as staged
    inner join {{ ref('crosswalk_' ~ entity) }} as crosswalk on staged.record_no = crosswalk.record_no
    where crosswalk.{{ meta.id_column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    {{ meta.id_column }},
    {%- for column in meta.columns %}
    {{ record_of('max(' ~ column.element ~ '__order)') }} as {{ column.element }}__record,
    coalesce(min({{ column.element }}__hash) <> max({{ column.element }}__hash), false)
        as {{ column.element }}__disputed{{ "," if not loop.last }}
    {%- endfor %}
from records
group by {{ meta.id_column }}
{%- endmacro %}

{#
  canonical.<entity>: grain one entity, the golden record. Each source hands over the values of the records that won; of
  every element one record did, so that max() only collects it. A link is the keyed id of the other entity's certain key.
#}
{% macro golden(entity) -%}
{%- set meta = entity_meta()[entity] -%}
with winners as (
    {%- for source in meta.sources %}
    select
        survivor.{{ meta.id_column }},
        {%- for column in meta.columns %}
        {%- if column.element in source.elements %}
        case when survivor.{{ column.element }}__record = staged.record_no
            then cast(staged.{{ column.element }} as {{ column.sql_type }}) end
        {%- else %}
        cast(null as {{ column.sql_type }})
        {%- endif %} as {{ column.element }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref(source.model) }} as staged
    inner join {{ ref('crosswalk_' ~ entity) }} as crosswalk on staged.record_no = crosswalk.record_no
    inner join {{ ref('survivor_' ~ entity) }} as survivor
        on crosswalk.{{ meta.id_column }} = survivor.{{ meta.id_column }}
    where staged.record_no in (
        {%- for element in source.elements %}survivor.{{ element }}__record{{ ", " if not loop.last }}{% endfor -%}
    )
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

collected as (
    select
        {{ meta.id_column }},
        {%- for column in meta.columns %}
        max({{ column.element }}) as {{ column.element }}{{ "," if not loop.last }}
        {%- endfor %}
    from winners
    group by {{ meta.id_column }}
)

select
    collected.{{ meta.id_column }},
    {%- for column in meta.columns %}
    collected.{{ column.element }},
    {%- endfor %}
    {%- for linked, elements in meta.links.items() %}
    {%- set values = [] %}
    {%- for element in elements %}{% do values.append('collected.' ~ element) %}{% endfor %}
    {{ keyed_id(linked, "'1' || chr(31) || " ~ values | join(" || chr(31) || "), 'installation.secret') }} as {{ linked }}_id,
    {%- endfor %}
    {%- set counted = [] %}
    {%- for column in meta.columns %}{% do counted.append('survivor.' ~ column.element ~ '__disputed::integer') %}{% endfor %}
    {{ counted | join(' + ') }} as disputed_count
from collected
inner join {{ ref('survivor_' ~ entity) }} as survivor
    on collected.{{ meta.id_column }} = survivor.{{ meta.id_column }}
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
