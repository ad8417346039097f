{#
  Text of the first certain key that a staged report has in full, or NULL. Elements of a key are joined by a separator
  that no value contains; the number of the key keeps two kinds of key apart.
#}
{% macro certain_key(keys, elements) -%}
    {%- set branches = [] -%}
    {%- for key in keys -%}
        {%- if key | reject('in', elements) | list | length == 0 -%}
            {%- set parts = key | map('string') | list -%}
            {%- do branches.append("'" ~ loop.index ~ "' || chr(31) || " ~ parts | join(" || chr(31) || ")) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if branches | length == 0 -%} cast(null as varchar)
    {%- elif branches | length == 1 -%} {{ branches[0] }}
    {%- else -%} coalesce({{ branches | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{#
  identity.crosswalk_<entity>: grain one source record of a report about the entity. `<id_column>` is NULL where the record
  has no certain key (it stays in staging and is counted as unlinked); `is_repeated` where another record of the same
  report speaks of the same entity.
#}
{% macro crosswalk(entity) -%}
{%- set meta = entity_meta()[entity] -%}
with keyed as (
    {%- for source in meta.sources %}
    select
        record_no,
        {{ loop.index }} as source_no,
        {{ certain_key(meta['keys'], source.elements) }} as entity_key
    from {{ ref(source.model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- Report by report: the table that counts one report's keys is small, and most reports speak of an entity once.
counted as (
    {%- for source in meta.sources %}
    select
        {{ loop.index }} as source_no,
        {{ certain_key(meta['keys'], source.elements) }} as entity_key,
        count(*) > 1 as is_repeated
    from {{ ref(source.model) }}
    where {{ certain_key(meta['keys'], source.elements) }} is not null
    group by entity_key
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

entities as (
    select
        distinct_keys.entity_key,
        {{ keyed_id(entity, 'distinct_keys.entity_key', 'installation.secret') }} as {{ meta.id_column }}
    from (select distinct entity_key from counted) as distinct_keys
    cross join {{ source('input', 'installation') }} as installation
),

repeated as (
    select
        source_no,
        entity_key
    from counted
    where is_repeated
)

select
    keyed.record_no,
    entities.{{ meta.id_column }},
    repeated.entity_key is not null as is_repeated
from keyed
left join entities on keyed.entity_key = entities.entity_key
left join repeated on keyed.source_no = repeated.source_no and keyed.entity_key = repeated.entity_key
{%- endmacro %}
