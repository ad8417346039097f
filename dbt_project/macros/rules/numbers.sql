{#- Whole numbers and decimals as departments write them: full-width digits, thousands separators, `.0` of a spreadsheet. -#}

{#- Digits only: the engines' own casts would also take 1e5, 0x10, 1_000 and round 12.5. -#}
{%- macro rule_number_tidy(t) -%}
case when {{ rule_matches(t, '[+-]?[0-9]{1,3}(,[0-9]{3})+(\\.[0-9]+)?') }} then replace({{ t }}, ',', '') else {{ t }} end
{%- endmacro -%}

{#- A whole number as BIGINT, else null. -#}
{%- macro parse_integer(v) -%}
{%- set slow = rule_let('n', rule_let('t', rule_compact(v), rule_number_tidy('t')), 'case when ' ~ rule_matches('n', '[+-]?[0-9]{1,18}') ~ ' then try_cast(n as bigint) end') -%}
case when {{ rule_matches(v, '-?[0-9]{1,18}') }} then try_cast({{ v }} as bigint) when {{ v }} = '' then null else {{ slow }} end
{%- endmacro -%}

{#-
  A decimal as DECIMAL(18, scale), else null; half is rounded away from zero. `factor` turns the sender's unit into the element's
  (万元 -> 元: 10000).
-#}
{%- macro parse_decimal(v, scale=2, factor=1) -%}
{%- set form = '-?[0-9]{1,15}(\\.[0-9]+)?' -%}
{%- set slow = rule_let('n', rule_let('t', rule_compact(v), rule_number_tidy('t')), 'case when ' ~ rule_matches('n', form) ~ ' then ' ~ rule_decimal('n', scale, factor) ~ ' end') -%}
case when {{ rule_matches(v, form) }} then {{ rule_decimal(v, scale, factor) }} when {{ v }} = '' then null else {{ slow }} end
{%- endmacro -%}

{%- macro rule_decimal(v, scale, factor) -%}
{%- if factor | string in ('1', '1.0') -%}
try_cast({{ v }} as decimal(18, {{ scale }}))
{%- else -%}
try_cast(try_cast({{ v }} as decimal(27, 10)) * {{ factor }} as decimal(18, {{ scale }}))
{%- endif -%}
{%- endmacro -%}
