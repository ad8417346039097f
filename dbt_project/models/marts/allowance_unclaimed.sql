-- People to whom the old-age allowance is due and who are on no list of it, so that a worker can tell them.
with today as (
    select max(edition_date) as edition_date from {{ source('input', 'load') }} where state = 'current'
),

claimed as (
    select distinct resident_id
    from {{ ref('benefit') }}
    where benefit_type_code = '02' and resident_id is not null
)

select
    resident.resident_id,
    resident.community_code,
    cast(floor({{ months_between('resident.birth_date', 'today.edition_date') }} / 12) as integer) as age
from {{ ref('resident') }} as resident
cross join today
left join claimed on resident.resident_id = claimed.resident_id
where claimed.resident_id is null
    and resident.death_date is null
    and resident.community_code is not null
    and {{ months_between('resident.birth_date', 'today.edition_date') }} >= 80 * 12
