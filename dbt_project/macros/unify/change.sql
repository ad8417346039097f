{#
  Change, not total (decision 0036). A warehouse that is kept is brought to new inputs: `input.touched_record` holds the
  numbers of the source records that came, went or changed, `input.before_correction` the corrections that counted before.
  From them follows what must be made anew in each layer:

    identity.touched_<entity>   entities of those records, before and now, what linkage decided otherwise, what was corrected
    identity.affected_<entity>  all records of these entities
    identity.renewed_<entity>   entities whose golden record is made anew: touched ones, and those that name one

  A model that is built by change forgets these rows and adds them anew by the SELECT that also makes the whole table; what
  a model reads of another is current already, what it reads by `as_it_was` is not yet. In a new warehouse there is
  no `input.touched_record`, and every table is made whole; so it always is on Spark, which cannot delete.
#}
{% macro changes_only() -%}
    {%- if not execute or target.type != 'duckdb' -%} {{ return(false) }} {%- endif -%}
    {{ return(adapter.get_relation(database=target.database, schema='input', identifier='touched_record') is not none) }}
{%- endmacro %}

{% macro built_by_change() -%} {{ return('incremental' if target.type == 'duckdb' else 'table') }} {%- endmacro %}

{#
  Hook of a model that is built by change: delete the rows that its SELECT makes anew. `anew`: the model that lists their
  `key`; the touched records if none is named.
#}
{% macro forget(key, anew='') -%}
    {%- if changes_only() -%} delete from {{ this }} where {{ key }} in ({{ keys_anew(key, anew) }}) {%- endif -%}
{%- endmacro %}

{# The rows that a model makes anew: all, or those of the keys of `anew`. `glue` begins the condition. #}
{% macro only_anew(expression, key, anew='', glue='where') -%}
    {%- if changes_only() %} {{ glue }} {{ expression }} in ({{ keys_anew(key, anew) }}) {%- endif -%}
{%- endmacro %}

{# How a CTE is made that every report is joined with: once and for all, where it holds only what changed. #}
{% macro as_few() -%} {{ 'materialized ' if changes_only() }} {%- endmacro %}

{% macro keys_anew(key, anew) -%}
    select {{ key }} from {{ ref(anew) if anew else touched_records() }} where {{ key }} is not null
{%- endmacro %}

{% macro touched_records() -%} {{ api.Relation.create(database=target.database, schema='input', identifier='touched_record') }} {%- endmacro %}

{# A table that a later model of this run will bring up to date, as the last run left it. #}
{% macro as_it_was(schema, name) -%} {{ api.Relation.create(database=target.database, schema=schema, identifier=name) }} {%- endmacro %}

{# What a model that is made whole in every run held before this one; the run put it aside. #}
{% macro before(name) -%} {{ api.Relation.create(database=target.database, schema='input', identifier='before_' ~ name) }} {%- endmacro %}

{#
  identity.touched_<entity>: `<id_column>` of an entity, or `record_no` of a record of which linkage says something else.
#}
{% macro touched(entity) -%}
{%- set meta = entity_meta()[entity] -%}
{%- if not changes_only() -%}
select
    cast(null as varchar) as {{ meta.id_column }},
    cast(null as bigint) as record_no
where false
{%- else -%}
with records as (
    {%- for source in meta.sources %}
    select {{ certain_key(meta.certain, source.elements) }} as entity_key
    from {{ ref(source.model) }}
    where record_no in (select record_no from {{ touched_records() }})
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

keyed as (
    select {{ keyed_id(entity, 'records.entity_key', 'installation.secret') }} as {{ meta.id_column }}
    from (select distinct entity_key from records where entity_key is not null) as records
    cross join {{ source('input', 'installation') }} as installation
),
{%- if meta.linked %}

decided as (
    {{ said_otherwise(ref('linkage_' ~ entity), linkage_left(entity, 'was'), "kind, record_l, node_l, entity_l, state, score, reasons", maybe_said_otherwise(entity)) }}
),
{%- endif %}

ids as (
    select {{ meta.id_column }} from keyed
    union
    select {{ meta.id_column }} from {{ as_it_was('identity', 'crosswalk_' ~ entity) }}
    where record_no in (select record_no from {{ touched_records() }})
    {%- if meta.linked %}
    union
    select entity_l from decided
    union
    select node_l from decided where kind = 'entity'
    union
    select merged.entity_l
    from {{ ref('linkage_' ~ entity) }} as merged
    inner join keyed on merged.node_l = keyed.{{ meta.id_column }}
    where merged.kind = 'entity'
    union
    select {{ meta.id_column }} from {{ as_it_was('identity', 'crosswalk_' ~ entity) }}
    where record_no in (select record_l from decided)
    {%- endif %}
    {{ touched_by_corrections(entity) }}
    {%- for linked in compared_entities(meta) %}
    union
    select {{ meta.id_column }} from {{ as_it_was('canonical', entity) }}
    where {{ linked }}_id in (select {{ linked }}_id from {{ ref('touched_' ~ linked) }})
    {%- endfor %}
)

select
    {{ meta.id_column }},
    cast(null as bigint) as record_no
from ids
where {{ meta.id_column }} is not null
{%- if meta.linked %}
union all
select distinct
    cast(null as varchar),
    record_l
from decided
where record_l is not null
{%- endif %}
{%- endif %}
{%- endmacro %}

{# What linkage left for the models after it; see `yibiao.identity.kept`. #}
{% macro linkage_left(entity, name) -%} {{ api.Relation.create(database=target.database, schema='linkage', identifier=entity ~ '_' ~ name) }} {%- endmacro %}

{#
  Of what linkage says, rows that may differ from what it said: of most records they stayed. It left a list with NULL in it
  if it said everything anew.
#}
{% macro maybe_said_otherwise(entity) -%}
    {%- set remade = linkage_left(entity, 'remade') -%}
    kind <> 'pair' and (kind <> 'record' or record_l in (select id from {{ remade }}) or exists (select 1 from {{ remade }} where id is null))
{%- endmacro %}

{# Rows of a model which it did not hold `before` or does not hold now. #}
{% macro said_otherwise(now, before, columns, condition='true') -%}
    (select {{ columns }} from {{ now }} where {{ condition }}
    except
    select {{ columns }} from {{ before }} where {{ condition }})
    union all
    (select {{ columns }} from {{ before }} where {{ condition }}
    except
    select {{ columns }} from {{ now }} where {{ condition }})
{%- endmacro %}

{# identity.affected_<entity>: numbers of all records whose crosswalk row is made anew, present or not. #}
{% macro affected(entity) -%}
{%- set meta = entity_meta()[entity] -%}
{%- if not changes_only() -%}
select cast(null as bigint) as record_no
where false
{%- else -%}
select record_no from {{ touched_records() }}
union
select record_no from {{ ref('touched_' ~ entity) }} where record_no is not null
union
select record_no from {{ as_it_was('identity', 'crosswalk_' ~ entity) }}
where {{ meta.id_column }} in (select {{ meta.id_column }} from {{ ref('touched_' ~ entity) }})
{%- endif %}
{%- endmacro %}

{# identity.renewed_<entity>: entities whose golden record is made anew. #}
{% macro renewed(entity) -%}
{%- set meta = entity_meta()[entity] -%}
{%- if not changes_only() -%}
select cast(null as varchar) as {{ meta.id_column }}
where false
{%- else -%}
select {{ meta.id_column }} from {{ ref('touched_' ~ entity) }} where {{ meta.id_column }} is not null
{%- for linked in meta.linked_by_record %}
union
select {{ meta.id_column }} from {{ ref('survivor_' ~ entity) }}
where {{ naming_record(linked, meta) }} in (select record_no from {{ ref('affected_' ~ linked) }})
{%- endfor %}
{%- for named, address in meta.addresses.items() %}
union
select {{ meta.id_column }} from {{ ref('survivor_' ~ entity) }}
where {{ address }} in (
    select address from (
        {{ said_otherwise(ref('address_' ~ named), before('address_' ~ named), 'address, ' ~ entity_meta()[named]['keys'][0][0]) }}
    ) as changed
)
{%- endfor %}
{%- endif %}
{%- endmacro %}
