{#
  identity.survivor_<entity>: grain one entity. Per element the value, the record that gives it (`<element>__record`) and
  whether the sources disagree (`<element>__disputed`).

  The reports stand side by side, one row of each per entity, and the value of the greatest order is taken. Most rows are
  the only one of their report about an entity and pass as they are; the others are brought to one first. One
  aggregation over all reports would be shorter, but its states hold every element of every report, and do not fit into
  memory (decision 0026). Where only changes are made anew, all rows go that way: the engine plans half as much.

  Elements with criteria (decision 0030) are chosen again where the reports' voices differ, and only there: see criteria.sql.

  Many records are taken in portions of the entities: the rows of all reports stand in memory at once, about 700 bytes a
  record, and what does not fit is written to disk and read again, which costs more than a portion does.
#}
{% macro survivor(entity, portion=0) -%}
{%- set meta = entity_meta()[entity] -%}
{%- set portions = portions_of(entity) -%}
{%- set ranked = ranked_columns(meta) -%}
{%- set ranked_elements = ranked | map(attribute='element') | list -%}
with placed as {{ as_few() }}(
    select * from {{ ref('crosswalk_' ~ entity) }}
    where {{ meta.id_column }} is not null{{ only_anew(meta.id_column, meta.id_column, 'touched_' ~ entity, 'and') }}
    {%- if portions > 1 %} and hash({{ meta.id_column }}) % {{ portions }} = {{ portion }}{% endif %}
),

entities as (
    select distinct {{ meta.id_column }} from placed
),
{% for source in meta.sources %}
{%- set shared = meta.columns | selectattr('element', 'in', source.elements) | list %}
source_{{ loop.index }} as (
    {%- if not changes_only() %}
    select
        crosswalk.{{ meta.id_column }},
        {%- for column in shared %}
        {%- set value = said_of(column.element, meta) %}
        cast({{ value }} as {{ column.sql_type }}) as {{ column.element }},
        case when {{ value }} is not null
            then {{ authority_weight(column.authority.get(source.department)) }} + staged.record_order end
            as {{ column.element }}__order,
        {%- if source.checked and has_criterion(column, 'recency') %}
        case when {{ value }} is not null then {{ checked_day('staged.record_order') }} end as {{ column.element }}__day,
        {%- endif %}
        false as {{ column.element }}__disputed{{ "," if not loop.last }}
        {%- endfor %}
    from (select *, {{ record_order('as_of') }} as record_order from {{ ref(source.model) }}) as staged
    inner join placed as crosswalk on staged.record_no = crosswalk.record_no
    where not coalesce(crosswalk.is_repeated, true)

    union all
    {%- endif %}

    select
        crosswalk.{{ meta.id_column }},
        {%- for column in shared %}
        {%- set value = said_of(column.element, meta) %}
        {{ value_of_greatest('cast(' ~ value ~ ' as ' ~ column.sql_type ~ ')', 'staged.record_order') }} as {{ column.element }},
        {{ authority_weight(column.authority.get(source.department)) }}
            + max(case when {{ value }} is not null then staged.record_order end) as {{ column.element }}__order,
        {%- if source.checked and has_criterion(column, 'recency') %}
        {{ value_of_greatest('case when ' ~ value ~ ' is not null then ' ~ checked_day('staged.record_order') ~ ' end', 'staged.record_order') }}
            as {{ column.element }}__day,
        {%- endif %}
        coalesce(min({{ value }}) <> max({{ value }}), false) as {{ column.element }}__disputed{{ "," if not loop.last }}
        {%- endfor %}
    from (select *, {{ record_order('as_of') }} as record_order from {{ ref(source.model) }}) as staged
    inner join placed as crosswalk on staged.record_no = crosswalk.record_no
    {%- if not changes_only() %}
    where coalesce(crosswalk.is_repeated, true)
    {%- endif %}
    group by crosswalk.{{ meta.id_column }}
),
{% endfor %}
beside as (
    select
        entities.{{ meta.id_column }},
        {%- for column in meta.columns %}
        {%- set holders = holders_of(column.element, meta.sources) %}
        {%- for n in holders %}
        source_{{ n }}.{{ column.element }} as {{ column.element }}__{{ n }},
        source_{{ n }}.{{ column.element }}__order as {{ column.element }}__order_{{ n }},
        {%- if meta.sources[n - 1].checked and has_criterion(column, 'recency') %}
        source_{{ n }}.{{ column.element }}__day as {{ column.element }}__day_{{ n }},
        {%- endif %}
        coalesce(source_{{ n }}.{{ column.element }}__disputed, false) as {{ column.element }}__disputed_{{ n }},
        {%- endfor %}
        {{ greatest_order(column.element, holders) }} as {{ column.element }}__order{{ "," if not loop.last }}
        {%- endfor %}
    from entities
    {%- for source in meta.sources %}
    left join source_{{ loop.index }} on entities.{{ meta.id_column }} = source_{{ loop.index }}.{{ meta.id_column }}
    {%- endfor %}
),

chosen as (
    select
        *,
        {%- for column in meta.columns %}
        {%- set holders = holders_of(column.element, meta.sources) %}
        {%- if holders | length == 0 %}
        cast(null as {{ column.sql_type }})
        {%- elif holders | length == 1 %}
        {{ column.element }}__{{ holders[0] }}
        {%- else %}
        case {{ column.element }}__order
            {%- for n in holders %}
            when {{ column.element }}__order_{{ n }} then {{ column.element }}__{{ n }}
            {%- endfor %}
        end
        {%- endif %} as {{ column.element }}{{ "," if not loop.last }}
        {%- endfor %}
    from beside
){{ "," if ranked }}
{%- if ranked %}

compared as (
    select
        chosen.*,
        {%- for linked in compared_entities(meta) %}
        {%- for element in compared_elements(linked, ranked) %}
        known_{{ linked }}.{{ linked }}__{{ element }},
        {%- endfor %}
        {%- endfor %}
        {%- for column in ranked %}
        {{ is_disputed(column.element, holders_of(column.element, meta.sources)) }} as {{ column.element }}__disputed{{ "," if not loop.last }}
        {%- endfor %}
    from chosen
    {%- for linked in compared_entities(meta) %}
    left join ({{ known_by_key(linked, ranked) }}) as known_{{ linked }}
        on {% for key in entity_meta()[linked]['keys'][0] %}chosen.{{ meta.links[linked][loop.index0] }} = known_{{ linked }}.{{ key }}{{ " and " if not loop.last }}{% endfor %}
    {%- endfor %}
),

known as (
    select
        *{% for fact in facts_for_ranks(meta) %},
        {{ fact }}
        {%- endfor %}
    from compared
),

ranked as (
    select
        *,
        {%- for column in ranked %}
        {%- set pairs = [] %}
        {%- for n in holders_of(column.element, meta.sources) %}
        {%- do pairs.append([rank_of(column, n, meta), column.element ~ '__order_' ~ n]) %}
        {%- endfor %}
        case when {{ column.element }}__disputed then {{ order_of_greatest_rank(pairs) }} else {{ column.element }}__order end
            as {{ column.element }}__best{{ "," if not loop.last }}
        {%- endfor %}
    from known
)
{%- endif %}

select
    {{ meta.id_column }},
    {%- for column in meta.columns %}
    {%- set holders = holders_of(column.element, meta.sources) %}
    {%- if column.element in ranked_elements %}
    case when {{ column.element }}__disputed then case {{ column.element }}__best
        {%- for n in holders %}
        when {{ column.element }}__order_{{ n }} then {{ column.element }}__{{ n }}
        {%- endfor %}
    end else {{ column.element }} end as {{ column.element }},
    {{ record_of(column.element ~ '__best') }} as {{ column.element }}__record,
    {{ column.element }}__disputed{{ "," if not loop.last }}
    {%- else %}
    {{ column.element }},
    {{ record_of(column.element ~ '__order') }} as {{ column.element }}__record,
    {{ is_disputed(column.element, holders) }} as {{ column.element }}__disputed{{ "," if not loop.last }}
    {%- endif %}
    {%- endfor %}
from {{ "ranked" if ranked else "chosen" }}
{%- endmacro %}

{# Portions in which the survivors of an entity are made; what changed alone is one, and Spark divides its work itself. #}
{% macro portions_of(entity) -%}
    {%- if not execute or target.type != 'duckdb' or changes_only() -%} {{ return(1) }} {%- endif -%}
    {%- set placed = adapter.get_relation(database=target.database, schema='identity', identifier='crosswalk_' ~ entity) -%}
    {%- if placed is none -%} {{ return(1) }} {%- endif -%}  {#- compiled, not built -#}
    {#- Not by ref(): in a unit test of dbt that is no table. -#}
    {%- set records = run_query('select count(*) from ' ~ placed).columns[0].values()[0] -%}
    {{ return(records // (env_var('YIBIAO_RECORDS_A_PORTION', '4000000') | int) + 1) }}
{%- endmacro %}

{# Hook of a survivor model: adds the portions after the first. #}
{% macro further_portions(entity) -%}
    {%- for portion in range(1, portions_of(entity)) -%}
    insert into {{ this }} {{ survivor(entity, portion) }};
    {% endfor -%}
{%- endmacro %}

{# Whether reports, or records of one report, state different values: `element` is the value of one of them. #}
{% macro is_disputed(element, holders) -%}
    {%- if holders | length == 0 -%} false
    {%- elif holders | length == 1 -%} {{ element }}__disputed_{{ holders[0] }}
    {%- else -%}
    coalesce({% for n in holders %}{{ element }}__disputed_{{ n }} or {{ element }}__{{ n }} <> {{ element }}{{ " or " if not loop.last }}{% endfor %}, false)
    {%- endif -%}
{%- endmacro %}

{# What a staged record says of an element; a number that contradicts the other records of it is not its entity's. #}
{% macro said_of(element, meta) -%}
    {%- if meta.linked and element in meta['keys'] | sum(start=[]) -%}
        case when not coalesce(crosswalk.is_key_contradicted, false) then staged.{{ element }} end
    {%- else -%} staged.{{ element }}
    {%- endif -%}
{%- endmacro %}

{# Places, from 1, of the sources that have the element. #}
{% macro holders_of(element, sources) -%}
    {%- set holders = [] -%}
    {%- for source in sources -%}
        {%- if element in source.elements -%}{%- do holders.append(loop.index) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(holders) }}
{%- endmacro %}

{# greatest() of Spark wants two arguments at least; both engines pass over NULL. #}
{% macro greatest_order(element, holders) -%}
    {%- set orders = [] -%}
    {%- for n in holders -%}{%- do orders.append('source_' ~ n ~ '.' ~ element ~ '__order') -%}{%- endfor -%}
    {%- if orders | length == 0 -%} cast(null as bigint)
    {%- elif orders | length == 1 -%} {{ orders[0] }}
    {%- else -%} greatest({{ orders | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{# The value, other than NULL, that stands in the row of the greatest record order; no two rows have the same. #}
{% macro value_of_greatest(value, record_order) -%}
    {{ adapter.dispatch('value_of_greatest')(value, record_order) }}
{%- endmacro %}
{% macro default__value_of_greatest(value, record_order) -%} arg_max({{ value }}, {{ record_order }}) {%- endmacro %}
{% macro spark__value_of_greatest(value, record_order) -%}
    max_by({{ value }}, {{ record_order }}) filter (where {{ value }} is not null)
{%- endmacro %}

{#
  canonical.<entity>: grain one entity, the golden record. A link is the keyed id of the other entity's certain key; if
  records of the other entity are linked, it is the entity of the very record that names it, with or without a number.
  Where no key names it, an address may.
#}
{% macro golden(entity) -%}
{%- set meta = entity_meta()[entity] -%}
{%- set corrected = corrected_elements(entity) -%}
select
    survivor.{{ meta.id_column }},
    {%- for column in meta.columns %}
    {{ corrected_value(column, corrected) }},
    {%- endfor %}
    {%- for linked, elements in meta.links.items() %}
    {%- set values = [] %}
    {%- for element in elements %}{% do values.append('survivor.' ~ element) %}{% endfor %}
    {%- set ways = [keyed_id(linked, key_text(entity_meta()[linked].certain[0], values), 'installation.secret')] %}
    {%- if linked in meta.linked_by_record %}{% do ways.insert(0, linked ~ '_of.' ~ linked ~ '_id') %}{% endif %}
    {%- if linked in meta.addresses %}{% do ways.append(id_at_address(linked)) %}{% endif %}
    {% if ways | length > 1 %}coalesce({{ ways | join(', ') }}){% else %}{{ ways[0] }}{% endif %} as {{ linked }}_id,
    {%- endfor %}
    {%- for named in meta.addresses if named not in meta.links %}
    {{ id_at_address(named) }} as {{ named }}_id,
    {%- endfor %}
    {%- set counted = [] %}
    {%- for column in meta.columns %}{% do counted.append('survivor.' ~ column.element ~ '__disputed::integer') %}{% endfor %}
    {{ counted | join(' + ') }} as disputed_count
from {{ ref('survivor_' ~ entity) }} as survivor
cross join {{ source('input', 'installation') }} as installation
{%- for linked in meta.linked_by_record %}
left join {{ ref('crosswalk_' ~ linked) }} as {{ linked }}_of
    on {{ naming_record(linked, meta, 'survivor.') }} = {{ linked }}_of.record_no
{%- endfor %}
{%- for named, address in meta.addresses.items() %}
left join {{ ref('address_' ~ named) }} as {{ named }}_at on survivor.{{ address }} = {{ named }}_at.address
{%- endfor %}
{{- corrections_of(entity, corrected, 'survivor') }}
{{ only_anew('survivor.' ~ meta.id_column, meta.id_column, 'renewed_' ~ entity) }}
{%- endmacro %}

{# Number of the record in which an entity names a linked one. #}
{% macro naming_record(linked, meta, of='') -%}
    coalesce({{ of }}{{ meta.links[linked][0] }}__record, {{ of }}{{ meta['keys'][0][-1] }}__record)
{%- endmacro %}

{# Id of the entity that an address names. #}
{% macro id_at_address(entity) -%}
    {%- set meta = entity_meta()[entity] -%}
    {{ keyed_id(entity, key_text(meta.certain[0], [entity ~ "_at." ~ meta['keys'][0][0]]), 'installation.secret') }}
{%- endmacro %}

{# canonical.<entity>_provenance: grain one entity; per element the number of the source record that gave the value. #}
{% macro provenance(entity) -%}
{%- set meta = entity_meta()[entity] -%}
{%- set corrected = corrected_elements(entity) -%}
select
    survivor.{{ meta.id_column }},
    {%- for column in meta.columns %}
    {{ corrected_record(column, corrected) }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('survivor_' ~ entity) }} as survivor
{{- corrections_of(entity, corrected, 'survivor') }}
{{ only_anew('survivor.' ~ meta.id_column, meta.id_column, 'touched_' ~ entity) }}
{%- endmacro %}

{#
  canonical.<entity>_conflict: grain one source record's value of one disputed element. Only disputed cells are
  unfolded, report by report, so that the cost follows the disagreement and not the number of records.
#}
{% macro conflict(entity) -%}
{%- set meta = entity_meta()[entity] -%}
with placed as {{ as_few() }}(
    select * from {{ ref('crosswalk_' ~ entity) }}
    {{ only_anew(meta.id_column, meta.id_column, 'touched_' ~ entity) }}
){% if changes_only() %},

surviving as materialized (
    select * from {{ ref('survivor_' ~ entity) }}
    {{ only_anew(meta.id_column, meta.id_column, 'touched_' ~ entity) }}
){% endif %}
{% for source in meta.sources %}
{%- set shared = meta.columns | selectattr('element', 'in', source.elements) | list %}
select
    {{ meta.id_column }},
    claim.element,
    record_no,
    '{{ source.department }}' as department,
    as_of,
    checked_date,
    claim.value,
    claim.is_chosen
from (
    select
        survivor.{{ meta.id_column }},
        staged.record_no,
        staged.as_of,
        {{ 'case when staged.as_of_date is not null then staged.as_of end' if source.checked else 'cast(null as date)' }} as checked_date,
        unnest(list_filter([
            {%- for column in shared %}
            case when survivor.{{ column.element }}__disputed and {{ said_of(column.element, meta) }} is not null then struct_pack(
                element := '{{ column.element }}',
                value := cast(staged.{{ column.element }} as varchar),
                is_chosen := survivor.{{ column.element }}__record = staged.record_no) end
            {{- "," if not loop.last }}
            {%- endfor %}
        ], lambda claim: claim is not null)) as claim
    from {{ ref(source.model) }} as staged
    inner join placed as crosswalk on staged.record_no = crosswalk.record_no
    inner join {{ 'surviving' if changes_only() else ref('survivor_' ~ entity) }} as survivor
        on crosswalk.{{ meta.id_column }} = survivor.{{ meta.id_column }}
    {%- if shared %}
    where {% for column in shared %}survivor.{{ column.element }}__disputed{{ " or " if not loop.last }}{% endfor %}
    {%- endif %}
)
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{%- endmacro %}
