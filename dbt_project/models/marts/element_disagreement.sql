-- Which department's values of an element are taken where the sources disagree, and how often each is overruled.
{% for entity in entity_meta() %}
select
    '{{ entity }}' as entity,
    element,
    department,
    count(*) as claims,
    count(*) filter (where is_chosen) as chosen
from {{ ref(entity ~ '_conflict') }}
group by element, department
{{ "union all" if not loop.last }}
{% endfor %}
