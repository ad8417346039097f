{#- Telephone numbers: mobile, fixed line with area code and extension, 400 and 800 numbers, local numbers. -#}

{#-
  A telephone number: mobile as 11 digits, fixed line as area-number, with `-extension` if there is one, 400/800 numbers and local
  numbers of 7 or 8 digits as digits. +86, blanks, brackets and hyphens go. Null for anything else, masked numbers (138****1234)
  included. An extension is told by a word (转 分机 ext x #) or by a hyphen behind a number that is complete.
-#}
{%- macro parse_phone(v) -%}
case when {{ rule_matches(v, '1[3-9][0-9]{9}') }} then {{ v }} when {{ v }} = '' then null else {{ rule_let('t', rule_replace(rule_replace(rule_compact(v), '^(\\+|00)86-?'), '转接?|分机号?:?|EXT\\.?|[#＃]|—', '-'), rule_phone_slow('t')) }} end
{%- endmacro -%}

{%- macro rule_phone_slow(t) -%}
{%- set line = '(\\(0(10|2[0-9])\\)|0(10|2[0-9])-?)[2-9][0-9]{3}-?[0-9]{4}|(\\(0[3-9][0-9]{2}\\)|0[3-9][0-9]{2}-?)[2-9][0-9]{2,3}-?[0-9]{4}|[2-9][0-9]{2,3}-?[0-9]{4}' -%}
coalesce({{ rule_let('n', rule_replace(t, '[-()]'), rule_phone_number('n')) }}, case when {{ rule_matches(t, '(' ~ line ~ ')-+[0-9]{1,6}') }} then {{ rule_let('n', rule_replace(rule_replace(t, '-+[0-9]{1,6}$'), '[-()]'), rule_phone_number('n')) }} || '-' || {{ rule_replace(t, '^.*-') }} end)
{%- endmacro -%}

{%- macro rule_phone_number(t) -%}
case when {{ rule_matches(t, '1[3-9][0-9]{9}|[48]00[0-9]{7}|[2-9][0-9]{6,7}') }} then {{ t }} when {{ rule_matches(t, '0(10|2[0-9])[0-9]{8}') }} then {{ rule_replace(t, '^(0[0-9]{2})', '\\1-') }} when {{ rule_matches(t, '0[3-9][0-9]{2}[0-9]{7,8}') }} then {{ rule_replace(t, '^(0[0-9]{3})', '\\1-') }} end
{%- endmacro -%}

{#- Is a stated value valid? The name is that which expectations use. -#}
{%- macro phone(v) -%}({{ parse_phone(v) }}) is not null{%- endmacro -%}
