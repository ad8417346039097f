{#-
  Which kind of identifier a bare number is, what is wrong with it and what a human should know: for `yibiao id check`, and for columns
  that hold numbers of several kinds. Every argument `t` is a text that went through `identifier_text`, every `fits` the value of
  `citizen_id_check_ok(t)`, a column of an earlier projection: DuckDB computes it once only there.
-#}

{#- Half-width, upper case, without space: the text that the macros below judge. Null where nothing is stated. -#}
{%- macro identifier_text(v) -%}
case when {{ rule_matches(v, '[0-9A-Z]+') }} then {{ v }} else nullif(replace(replace(replace({{ rule_compact(v) }}, '—', '-'), '–', '-'), '‐', '-'), '') end
{%- endmacro -%}

{#-
  The kind by form; null if it is none. Eighteen digits with a birth date in them are a person's number, right or wrong: of every 31 numbers
  of persons with one digit mistyped, one would otherwise pass as a credit code. Nine characters that may be an organisation
  code, a township or a passport are what their check character says.
-#}
{%- macro identifier_kind(t, fits) -%}
case
when {{ rule_matches(t, '[0-9]{17}[0-9X]') }} then
case when {{ citizen_id_birth_date(t) }} is not null then {{ rule_person_kind(t) }}
when {{ uscc_check_ok(t) }} or {{ rule_matches(t, '9[1-3].*') }} then 'uscc'
else {{ rule_person_kind(t) }} end
when {{ rule_matches(t, '1[3-9][0-9]{9}') }} then 'phone'
when {{ rule_matches(t, '[1-9][0-9]{14}') }} then 'citizen_id_15'
when {{ rule_matches(t, '[A-Z]{3}[0-9]{12}') }} then 'foreign_resident_card_15'
when {{ travel_permit_form(t) }} then 'travel_permit'
when {{ rule_matches(t, '[0-9A-Z]{8}-[0-9X]') }} then 'organisation_code'
when {{ rule_matches(t, '[0-9A-Z]{8}[0-9X]') }} then
case when {{ organisation_code_check_ok(t) }} then 'organisation_code'
when {{ passport_form(t) }} then 'passport'
when {{ rule_matches(t, '[1-9][0-9]{8}') }} then 'division_code'
else 'organisation_code' end
when {{ passport_form(t) }} then 'passport'
when {{ rule_matches(t, '[1-9][0-9]{5}|[1-9][0-9]{11}') }} then 'division_code'
when {{ rule_matches(t, '[+(02-9][-()0-9]{6,}.*') }} and ({{ parse_phone(t) }}) is not null then 'phone'
when {{ rule_matches(t, '[0-9A-Z]{18}') }} then 'uscc'
when {{ rule_matches(t, '[0-9](\\.[0-9]+)?E\\+?[0-9]+|[0-9]{13,20}X?|[0-9*]{6,}[0-9*X]{8,12}') }} then 'citizen_id'
when {{ rule_matches(t, '[0-9A-Z]{16,20}') }} then 'uscc'
when {{ rule_matches(t, '1[0-9*]{9,11}|0[0-9]{2,3}-?[0-9]{5,9}') }} then 'phone'
end
{%- endmacro -%}

{%- macro rule_person_kind(t) -%}
case when substr({{ t }}, 1, 1) = '9' then 'foreign_resident_card' when substr({{ t }}, 1, 6) in ('810000', '820000', '830000') then 'residence_permit' else 'citizen_id' end
{%- endmacro -%}

{#- The normal form of a valid identifier, else null. -#}
{%- macro identifier_normal(kind, t, fits) -%}
case
when {{ kind }} in ('citizen_id', 'residence_permit', 'foreign_resident_card') then case when {{ fits }} and {{ citizen_id_birth_date(t) }} is not null and {{ rule_matches(t, '[1-9].*') }} then {{ t }} end
when {{ kind }} in ('citizen_id_15', 'foreign_resident_card_15') then {{ parse_citizen_id(t) }}
when {{ kind }} = 'uscc' then case when {{ uscc_check_ok(t) }} and ({{ uscc_form(t) }}) is not null then {{ t }} end
when {{ kind }} = 'organisation_code' then {{ parse_organisation_code(t) }}
when {{ kind }} = 'phone' then {{ parse_phone(t) }}
when {{ kind }} = 'division_code' then {{ parse_division_code(t) }}
when {{ kind }} = 'travel_permit' then case when {{ travel_permit_form(t) }} then substr({{ t }}, 1, 9) end
when {{ kind }} = 'passport' then case when {{ passport_form(t) }} then {{ t }} end
end
{%- endmacro -%}

{#-
  Why an identifier is not valid (its normal form is null): `lost_digits`, `masked`, `length`, `characters`, `authority`, `region`, `day`,
  `check_digit`, or `form` for the rest. The first that applies.
-#}
{%- macro identifier_reason(kind, t, fits) -%}
case
when {{ rule_matches(t, '[0-9](\\.[0-9]+)?E\\+?[0-9]+') }} then 'lost_digits'
when contains({{ t }}, '*') then 'masked'
when {{ kind }} in ('citizen_id', 'residence_permit', 'foreign_resident_card') then
case when length({{ t }}) <> 18 then 'length'
when not {{ rule_matches(t, '[1-9][0-9]{16}[0-9X]') }} then 'characters'
when not {{ fits }} then case when {{ rule_matches(t, '[0-9]{15}000') }} then 'lost_digits' else 'check_digit' end
else 'day' end
when {{ kind }} = 'citizen_id_15' then case when length({{ t }}) <> 15 then 'length' when {{ rule_matches(t, '[1-9][0-9]{14}') }} then 'day' else 'characters' end
when {{ kind }} = 'foreign_resident_card_15' then case when length({{ t }}) <> 15 then 'length' else 'characters' end
when {{ kind }} = 'uscc' then
case when length({{ t }}) <> 18 then 'length'
when not {{ rule_matches(t, '[0-9A-HJ-NP-RTUWXY]{18}') }} then 'characters'
when not {{ rule_matches(t, '[1-9ANY].*') }} then 'authority'
when not {{ rule_matches(t, '..[0-9]{6}.*') }} then 'region'
else 'check_digit' end
when {{ kind }} = 'organisation_code' then
case when length(replace({{ t }}, '-', '')) <> 9 then 'length' when {{ rule_matches(t, '[0-9A-Z]{8}-?[0-9X]') }} then 'check_digit' else 'characters' end
when {{ kind }} = 'division_code' then case when {{ rule_matches(t, '[0-9]+') }} then 'length' else 'characters' end
when {{ kind }} = 'phone' then case when {{ rule_matches(t, '[-+()0-9]+') }} then 'length' else 'characters' end
else 'form' end
{%- endmacro -%}

{#-
  What a human should know about a valid identifier, words separated by a blank, '' if nothing:

  | word | meaning |
  | --- | --- |
  | `fifteen_digits` | written by GB 11643-1989; its normal form has 18 characters |
  | `region_unknown` | no province has the first two digits of its region |
  | `region_not_listed` | its county is in no list of this installation: abolished or new; the number stays valid for life |
  | `organisation_check` | the organisation code inside does not fit its own check character |
  | `form_only` | no check character exists, or none is published: only the form was judged |
  | `two_readings` | the same characters may be a code of another kind: nine characters, or a credit code of digits and X alone |

  `provinces` and `counties` are regular expressions of two and six digits; without counties that word is never said.
-#}
{%- macro identifier_warnings(kind, t, normal, provinces='', counties='', deep='') -%}
case when {{ normal }} is null then '' else trim(
case when {{ kind }} = 'citizen_id_15' then 'fifteen_digits ' else '' end
|| case when {{ kind }} in ('citizen_id', 'citizen_id_15', 'residence_permit') then {{ rule_region_word('substr(' ~ normal ~ ', 1, 6)', provinces, counties, deep) }}
when {{ kind }} = 'uscc' then {{ rule_region_word('substr(' ~ normal ~ ', 3, 6)', provinces, counties, deep) }}
when {{ kind }} = 'division_code' then {{ rule_region_word('substr(' ~ normal ~ ', 1, 6)', provinces, counties, deep) }}
else '' end
|| case when {{ kind }} = 'uscc' then case when {{ organisation_code_check_ok(uscc_organisation_code(normal)) }} then '' else 'organisation_check ' end else '' end
|| case when {{ kind }} in ('passport', 'travel_permit', 'foreign_resident_card_15', 'division_code') then 'form_only ' else '' end
|| case when {{ kind }} = 'uscc' and {{ rule_matches(t, '[0-9X]{18}') }} then 'two_readings ' else '' end
|| case when {{ kind }} = 'organisation_code' and not contains({{ t }}, '-') and ({{ rule_matches(t, '(' ~ (provinces or rule_provinces()) ~ ')[0-9]{7}') }} or {{ passport_form(t) }}) then 'two_readings ' else '' end
) end
{%- endmacro -%}

{#- `deep`: the provinces of which counties are listed at all. -#}
{%- macro rule_region_word(region, provinces, counties, deep) -%}
case when not {{ rule_matches('substr(' ~ region ~ ', 1, 2)', provinces or rule_provinces()) }} then 'region_unknown '
{%- if counties %} when {{ rule_matches('substr(' ~ region ~ ', 1, 2)', deep) }} and not {{ rule_matches(region, counties) }} then 'region_not_listed '{% endif %} else '' end
{%- endmacro -%}
