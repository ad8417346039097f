-- What is known of each community, by table: the figures a community worker is asked for most.
with communities as (
    select community_code from {{ ref('resident') }}
    union
    select community_code from {{ ref('household') }}
    union
    select community_code from {{ ref('dwelling') }}
    union
    select community_code from {{ ref('organisation') }}
    union
    select community_code from {{ ref('event') }}
),

residents as (
    select
        community_code,
        count(*) filter (where death_date is null) as resident_count,
        count(*) filter (where death_date is null and residence_status_code = '2') as floating_count
    from {{ ref('resident') }}
    group by community_code
),

{% for entity in ('household', 'dwelling', 'organisation', 'event') %}
{{ entity }}s as (
    select community_code, count(*) as {{ entity }}_count from {{ ref(entity) }} group by community_code
){{ "," if not loop.last }}
{% endfor %}

select
    communities.community_code,
    coalesce(residents.resident_count, 0) as resident_count,
    coalesce(residents.floating_count, 0) as floating_count,
    coalesce(households.household_count, 0) as household_count,
    coalesce(dwellings.dwelling_count, 0) as dwelling_count,
    coalesce(organisations.organisation_count, 0) as organisation_count,
    coalesce(events.event_count, 0) as event_count
from communities
left join residents on communities.community_code = residents.community_code
left join households on communities.community_code = households.community_code
left join dwellings on communities.community_code = dwellings.community_code
left join organisations on communities.community_code = organisations.community_code
left join events on communities.community_code = events.community_code
where communities.community_code is not null
