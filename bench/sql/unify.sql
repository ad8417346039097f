-- Unify by hand: one script from the raw views to the golden, provenance and conflict tables of all entities, as somebody
-- writes it who wants these tables once, as fast as DuckDB can, and nothing else. No crosswalk, no typed columns that no
-- entity has, no models between. It is the rival of the dbt models: equal content hashes, see bench/unify.py.
--
-- Jinja spares writing 28 reports and 6 entities out; every statement is plain SQL. `reports` and `entities` come from the
-- contracts; the typed columns are the rule macros of the dbt project, for a value read otherwise would be another value.
--
-- What was tried (1 million residents, CPU seconds for the resident's choice of values):
--   one aggregation over all reports, arg_max per element      85, and 110 by entity id; spills, a state of 3 KB a record
--   one aggregation per element, then 30 joins                 49
--   reports side by side, one row per entity (this script)     33
-- for values that most reports state (50 thousand residents): every column compared with every other 1.6, a map of counts for
-- disputed rows (this) 0.4;
-- and for its conflicts: lists of structs per record 19, only for disputed entities 16, joined by disputed cell (this) 15.
-- in portions of the entities, as the models take them (the whole script, seconds): 129, at once 94, for what a report says of an
-- entity is a view here and would be made again for every portion.
-- Staged rows as temporary tables and not as views: every row is read three times, and parsing is half of all the work.

-- 1. Typed records. The order of a record is one integer: as-of day, then record number (the authority is added later).
{% for report in reports %}
create temp table {{ report.name }} as
select
    record_no,
    {{ report.as_of }} as as_of,
    {{ report.checked }} as checked_date,
    greatest(0, least(65535, date_diff('day', date '1900-01-01', {{ report.as_of }})))::bigint * 8796093022208 + record_no as recency,
    {%- for column in report.columns %}
    {{ column.name }}{{ "," if not loop.last }}
    {%- endfor %}
from (
    select
        record_no,
        as_of as edition_date,
        {%- for column in report.parsed %}
        {{ column.sql }} as {{ column.name }}{{ "," if not loop.last }}
        {%- endfor %}
    from raw.{{ report.raw }}
);
{% endfor %}

{% for entity in entities %}
{%- set e = entity.id %}
-- 2. {{ e }}: the entities, and which records are not the only one of their report about an entity.
create temp table {{ e }}__entity as
select key, substr(sha256(secret || '{{ e }}' || chr(31) || '1' || chr(31) || key || secret), 1, 24) as id
from (
    {%- for source in entity.sources %}
    select distinct {{ entity.key }} as key from {{ source.name }} where {{ entity.key }} is not null
    {{ "union" if not loop.last }}
    {%- endfor %}
), input.installation;
{%- if entity.linked %}
-- Where linkage put records is given to both sides: `@` marks the key of an entity without a certain one.
create temp table {{ e }}__placed as
select link.record_no, coalesce(entity.key, '@' || link.id) as key
from given.link_{{ e }} as link left join {{ e }}__entity as entity on entity.id = link.id;
insert into {{ e }}__entity select distinct key, substr(key, 2) from {{ e }}__placed where key like '@%';
{%- endif %}
{% for source in entity.sources %}
create temp view {{ e }}__of_{{ loop.index }} as
{%- if entity.linked %}
select
    staged.*{% if source.keyed %} replace (case when placed.record_no is null then {{ entity.stated }} end as {{ entity.stated }}){% endif %},
    coalesce(placed.key, {{ entity.key if source.keyed else "null" }}) as key
from {{ source.name }} as staged left join {{ e }}__placed as placed using (record_no);
{%- else %}
select *, {{ entity.key }} as key from {{ source.name }};
{%- endif %}
create temp table {{ e }}__repeated_{{ loop.index }} as
select key from {{ e }}__of_{{ loop.index }} where key is not null group by key having count(*) > 1;

create temp view {{ e }}__{{ loop.index }} as
{%- set day = "case when checked_date is null then 0 else recency >> 43 end" %}
select
    key,
    {%- for column in source.columns %}
    {{ column.name }},
    case when {{ column.name }} is not null then recency + {{ column.authority }} end as {{ column.name }}__order,
    {%- if column.dated %}
    case when {{ column.name }} is not null then {{ day }} end as {{ column.name }}__day,
    {%- endif %}
    false as {{ column.name }}__disputed{{ "," if not loop.last }}
    {%- endfor %}
from {{ e }}__of_{{ loop.index }} anti join {{ e }}__repeated_{{ loop.index }} using (key)
where key is not null
union all
select
    key,
    {%- for column in source.columns %}
    arg_max({{ column.name }}, recency),
    max(recency + {{ column.authority }}) filter (where {{ column.name }} is not null),
    {%- if column.dated %}
    arg_max({{ day }}, recency) filter (where {{ column.name }} is not null),
    {%- endif %}
    coalesce(min({{ column.name }}) <> max({{ column.name }}), false){{ "," if not loop.last }}
    {%- endfor %}
from {{ e }}__of_{{ loop.index }} semi join {{ e }}__repeated_{{ loop.index }} using (key)
group by key;
{% endfor %}

-- 3. {{ e }}: the reports side by side, and of every element the value of the greatest order.
create temp table {{ e }}__choice as
with beside as (
    select
        entity.key,
        entity.id,
        {%- for column in entity.columns %}
        {%- for n in column.sources %}
        r{{ n }}.{{ column.name }} as {{ column.name }}__{{ n }},
        r{{ n }}.{{ column.name }}__order as {{ column.name }}__order_{{ n }},
        {%- if n in column.dated %}
        r{{ n }}.{{ column.name }}__day as {{ column.name }}__day_{{ n }},
        {%- endif %}
        {%- endfor %}
        {%- if column.sources | length == 0 %}
        null::bigint as {{ column.name }}__order,
        {%- else %}
        greatest({% for n in column.sources %}r{{ n }}.{{ column.name }}__order{{ ", " if not loop.last }}{% endfor %}) as {{ column.name }}__order,
        {%- endif %}
        {%- for n in column.sources %}
        {{ "coalesce(" if loop.first }}r{{ n }}.{{ column.name }}__disputed{{ " or " if not loop.last else ", false)" }}
        {%- else %}false{% endfor %} as {{ column.name }}__disputed{{ "," if not loop.last }}
        {%- endfor %}
    from {{ e }}__entity as entity
    {%- for source in entity.sources %}
    left join {{ e }}__{{ loop.index }} as r{{ loop.index }} on r{{ loop.index }}.key = entity.key
    {%- endfor %}
),

chosen as (
    select
        *,
        {%- for column in entity.columns %}
        {%- if column.sources | length == 0 %}
        null::{{ column.sql_type }} as {{ column.name }}{{ "," if not loop.last }}
        {%- elif column.sources | length == 1 %}
        {{ column.name }}__{{ column.sources[0] }} as {{ column.name }}{{ "," if not loop.last }}
        {%- else %}
        case {{ column.name }}__order {% for n in column.sources %}when {{ column.name }}__order_{{ n }} then {{ column.name }}__{{ n }} {% endfor %}end as {{ column.name }}{{ "," if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from beside
){% if entity.ranked %},

-- Elements with criteria: where reports differ, the greatest (rank, order) of them.
disputed as (
    select
        chosen.*{% for column in entity.ranked %},
        coalesce(chosen.{{ column.name }}__disputed{% for n in column.sources %} or {{ column.name }}__{{ n }} <> chosen.{{ column.name }}{% endfor %}, false) as {{ column.name }}__differs
        {%- endfor %}{% for link in entity.looked_up %},
        {{ link.entity }}.{{ link.element }} as {{ link.entity }}__{{ link.element }}
        {%- endfor %}
    from chosen
    {%- for link in entity.looked_up %}
    left join {{ link.entity }}__choice as {{ link.entity }} on {{ link.entity }}.key = chosen.{{ link.key }}
    {%- endfor %}
),

known as (
    select
        *{% for column in entity.ranked %}{% for name, fact in column.facts.items() %},
        case when {{ column.name }}__differs then {{ fact }} end as {{ column.name }}__{{ name }}
        {%- endfor %}{% endfor %}
    from disputed
),

best as (
    select
        *{% for column in entity.ranked %},
        case when {{ column.name }}__differs then (greatest(
            {%- for n, rank in column.ranks.items() %}
            ({{ rank }})::hugeint * 9223372036854775808 + {{ column.name }}__order_{{ n }}{{ "," if not loop.last }}
            {%- endfor %}
        ) % 9223372036854775808)::bigint else {{ column.name }}__order end as {{ column.name }}__best
        {%- endfor %}
    from known
)
{%- endif %}

select
    key,
    id,
    {%- for column in entity.columns %}
    {%- if column in entity.ranked %}
    case when {{ column.name }}__differs then case {{ column.name }}__best {% for n in column.sources %}when {{ column.name }}__order_{{ n }} then {{ column.name }}__{{ n }} {% endfor %}end else {{ column.name }} end::{{ column.sql_type }} as {{ column.name }},
    {{ column.name }}__best & 8796093022207 as {{ column.name }}__record,
    {{ column.name }}__differs as {{ column.name }}__disputed{{ "," if not loop.last }}
    {%- else %}
    {{ column.name }}::{{ column.sql_type }} as {{ column.name }},
    {{ column.name }}__order & 8796093022207 as {{ column.name }}__record,
    {%- if column.sources | length > 1 %}
    coalesce({{ column.name }}__disputed{% for n in column.sources %} or {{ column.name }}__{{ n }} <> {{ column.name }}{% endfor %}, false)
    {%- else %}
    {{ column.name }}__disputed
    {%- endif %} as {{ column.name }}__disputed{{ "," if not loop.last }}
    {%- endif %}
    {%- endfor %}
from {{ "best" if entity.ranked else "chosen" }};

create table canonical.{{ e }} as
select
    choice.id as {{ entity.id_column }},
    {%- for column in entity.columns %}
    choice.{{ column.name }},
    {%- endfor %}
    {%- for linked, texts in entity.links.items() %}
    coalesce(
        {%- if linked in entity.by_record %}{{ linked }}_of.id, {% endif %}
        {%- for text in texts %}
        substr(sha256(secret || '{{ linked }}' || chr(31) || '1' || chr(31) || {{ text }} || secret), 1, 24){{ ", " if not loop.last }}
        {%- endfor %}) as {{ linked }}_id,
    {%- endfor %}
    {% for column in entity.columns %}{{ column.name }}__disputed::integer{{ " + " if not loop.last }}{% endfor %} as disputed_count
from {{ e }}__choice as choice cross join input.installation
{%- for named, address in entity.addresses.items() %}
left join given.address_{{ named }} as {{ named }}_at on choice.{{ address }} = {{ named }}_at.address
{%- endfor %}
{%- for linked, way in entity.by_record.items() %}
left join (
    {%- for n in way.sources %}
    select record_no, entity.id from {{ linked }}__of_{{ n }} as source join {{ linked }}__entity as entity using (key)
    {{ "union all" if not loop.last }}
    {%- endfor %}
) as {{ linked }}_of on coalesce(choice.{{ way.element }}__record, choice.{{ way.key }}__record) = {{ linked }}_of.record_no
{%- endfor %};

create table canonical.{{ e }}_provenance as
select
    id as {{ entity.id_column }},
    {%- for column in entity.columns %}
    {{ column.name }}__record as {{ column.name }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ e }}__choice;

-- 4. {{ e }}: disputed cells as rows, then everything that any record claims for them.
create temp table {{ e }}__cell as
select key, id, unnest(list_filter([
    {%- for column in entity.columns %}
    case when {{ column.name }}__disputed then struct_pack(place := {{ loop.index }}::utinyint, chosen := {{ column.name }}__record) end{{ "," if not loop.last }}
    {%- endfor %}
], lambda cell: cell is not null), recursive := true)
from {{ e }}__choice
where {% for column in entity.columns %}{{ column.name }}__disputed{{ " or " if not loop.last }}{% endfor %};

create table canonical.{{ e }}_conflict as
{%- for source in entity.sources %}
select id as {{ entity.id_column }}, element, record_no, '{{ source.department }}' as department, as_of, checked_date, value, record_no = chosen as is_chosen
from (
    select
        id, record_no, chosen, as_of, checked_date,
        case place {% for column in source.columns %}when {{ column.place }} then '{{ column.name }}' {% endfor %}end as element,
        case place {% for column in source.columns %}when {{ column.place }} then {{ column.name }}::varchar {% endfor %}end as value
    from {{ e }}__of_{{ loop.index }} join {{ e }}__cell using (key)
)
where value is not null
{{ "union all" if not loop.last }}
{%- endfor %};
{% endfor %}
