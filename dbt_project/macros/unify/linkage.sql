{#
  identity.link_<entity>: grain one source record that no certain key places: it states none, or what it states
  contradicts the other records of its number. Every such record has an entity, if need be one of its own.

  `basis`: `linked` (by the model), `reviewed` (a human decided), `contradicts` and `alone` (an entity of its own).
#}
{% macro link(entity) -%}
{%- set meta = entity_meta()[entity] -%}
select
    record_l as record_no,
    node_l as node_id,
    entity_l as {{ meta.id_column }},
    state as basis,
    cast(score / 1000.0 as decimal(9, 3)) as score,
    reasons
from {{ ref('linkage_' ~ entity) }}
where kind = 'record'{{ only_anew('record_l', 'record_no', 'touched_' ~ entity, 'and') }}
{%- endmacro %}

{#
  identity.review_<entity>: grain one pair of nodes that a human should look at. A side without a record number is an
  entity known by a certain key.
#}
{% macro review(entity) -%}
{%- set meta = entity_meta()[entity] -%}
select
    node_l,
    node_r,
    record_l,
    record_r,
    entity_l as {{ entity }}_l,
    entity_r as {{ entity }}_r,
    cast(score / 1000.0 as decimal(9, 3)) as score,
    state,
    reasons
from {{ ref('linkage_' ~ entity) }}
where kind = 'pair'
{%- endmacro %}
