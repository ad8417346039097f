{#
  Text of the first certain key that a staged report has in full, or NULL. `keys`: as in `entity_meta`, key `certain`.
#}
{% macro certain_key(keys, elements) -%}
    {%- set branches = [] -%}
    {%- for key in keys -%}
        {%- set names = key.parts | map('first') | list -%}
        {%- if names | reject('in', elements) | list | length == 0 -%}{%- do branches.append(key_text(key, names)) -%}{%- endif -%}
    {%- endfor -%}
    {%- if branches | length == 0 -%} cast(null as varchar)
    {%- elif branches | length == 1 -%} {{ branches[0] }}
    {%- else -%} coalesce({{ branches | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{#
  Text of one key, from SQL of the values of its parts. They are joined by a separator that no value contains; the number of
  the key keeps two kinds of key apart, and is one for the forms of one number.
#}
{% macro key_text(key, values) -%}
    {%- set texts = [] -%}
    {%- for value in values -%}{%- do texts.append(key_form(key.parts[loop.index0][1], value)) -%}{%- endfor -%}
    '{{ key.number }}' || chr(31) || {{ texts | join(" || chr(31) || ") }}
{%- endmacro %}

{#
  identity.crosswalk_<entity>: grain one source record of a report about the entity. Where records are linked, what
  linkage says of a record counts before its own key (a number that contradicts the others is not the record's), and
  every record has an entity. Where they are not, `<id_column>` is NULL for a record without a certain key (it stays in
  staging and is counted as unlinked). `is_repeated`: another record of the same report speaks of the same entity;
  `is_key_contradicted`: the record states a key that other records of it contradict.
#}
{% macro crosswalk(entity) -%}
{%- set meta = entity_meta()[entity] -%}
with keyed as (
    {%- for source in meta.sources %}
    select
        record_no,
        {{ loop.index }} as source_no,
        {{ certain_key(meta.certain, source.elements) }} as entity_key
    from {{ ref(source.model) }}{{ only_anew('record_no', 'record_no', 'affected_' ~ entity) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),
{%- if meta.linked %}
-- A human may have decided that two certain keys are of one entity.
entities as (
    select
        hashed.entity_key,
        coalesce(merged.entity_l, hashed.own_id) as {{ meta.id_column }}
    from (
        select
            distinct_keys.entity_key,
            {{ keyed_id(entity, 'distinct_keys.entity_key', 'installation.secret') }} as own_id
        from (select distinct entity_key from keyed where entity_key is not null) as distinct_keys
        cross join {{ source('input', 'installation') }} as installation
    ) as hashed
    left join (select node_l, entity_l from {{ ref('linkage_' ~ entity) }} where kind = 'entity') as merged
        on hashed.own_id = merged.node_l
),

placed as (
    select
        keyed.record_no,
        keyed.source_no,
        coalesce(link.{{ meta.id_column }}, entities.{{ meta.id_column }}) as {{ meta.id_column }},
        link.record_no is not null and keyed.entity_key is not null as is_key_contradicted
    from keyed
    left join entities on keyed.entity_key = entities.entity_key
    left join {{ ref('link_' ~ entity) }} as link on keyed.record_no = link.record_no
),

repeated as (
    select
        source_no,
        {{ meta.id_column }}
    from placed
    where {{ meta.id_column }} is not null
    group by source_no, {{ meta.id_column }}
    having count(*) > 1
)

select
    placed.record_no,
    placed.{{ meta.id_column }},
    repeated.source_no is not null as is_repeated,
    placed.is_key_contradicted
from placed
left join repeated
    on placed.source_no = repeated.source_no and placed.{{ meta.id_column }} = repeated.{{ meta.id_column }}
{%- else %}
-- Report by report: the table that counts one report's keys is small, and most reports speak of an entity once.
counted as (
    {%- for source in meta.sources %}
    select
        {{ loop.index }} as source_no,
        {{ certain_key(meta.certain, source.elements) }} as entity_key,
        count(*) as records
    from {{ ref(source.model) }}
    where {{ certain_key(meta.certain, source.elements) }} is not null{{ only_anew('record_no', 'record_no', 'affected_' ~ entity, 'and') }}
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
    where records > 1
)

select
    keyed.record_no,
    entities.{{ meta.id_column }},
    repeated.entity_key is not null as is_repeated
from keyed
left join entities on keyed.entity_key = entities.entity_key
left join repeated on keyed.source_no = repeated.source_no and keyed.entity_key = repeated.entity_key
{%- endif %}
{%- endmacro %}
