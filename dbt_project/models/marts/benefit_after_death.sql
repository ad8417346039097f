-- A record for a human to judge, with its evidence: it says what two departments reported, not what anyone did.
with records as (
    select
        benefit.benefit_id,
        benefit.benefit_type_code,
        benefit.benefit_number,
        benefit.benefit_amount,
        benefit.resident_id,
        benefit_provenance.benefit_number as benefit_record_no
    from {{ ref('benefit') }} as benefit
    inner join {{ ref('benefit_provenance') }} as benefit_provenance using (benefit_id)
    where coalesce(benefit.benefit_status_code, '1') = '1'
),

deaths as (
    select
        resident.resident_id,
        resident.death_date,
        resident_provenance.death_date as death_record_no
    from {{ ref('resident') }} as resident
    inner join {{ ref('resident_provenance') }} as resident_provenance using (resident_id)
    where resident.death_date is not null
),

dated as (
    select
        records.*,
        deaths.death_date,
        deaths.death_record_no,
        load.edition as benefit_edition,
        load.report as benefit_report,
        {{ months_between('deaths.death_date', 'load.edition_date') }} as months_after_death
    from records
    inner join deaths on records.resident_id = deaths.resident_id
    inner join {{ source('input', 'load') }} as load
        on records.benefit_record_no > load.first_record_no
        and records.benefit_record_no <= load.first_record_no + load.read
)

select
    benefit_id,
    benefit_type_code,
    benefit_number,
    benefit_amount,
    benefit_report,
    benefit_edition,
    benefit_record_no,
    resident_id,
    death_date,
    death_record_no,
    months_after_death
from dated
where months_after_death > 0
