{#-
  Dates and months by the formats that the contract names (strptime codes, and `excel` for serial numbers of spreadsheets);
  nothing is guessed. Single digits are understood (1987.3.5) where a separator stands between the parts; years have
  four digits. ISO is understood besides: readers write the typed cells of spreadsheets and databases in it.
-#}

{#- The date of a tidy text, null before 1800: a two-digit year would become the first century. -#}
{%- macro rule_date_core(v, formats) -%}
{%- set solid = [] -%}{%- set separated = [] -%}{%- set serial = [] -%}
{%- for f in formats -%}
{%- if f | lower in ('excel', 'excel_serial', 'serial') -%}{%- set _ = serial.append(f) -%}
{%- elif f in ('%Y%m%d', '%Y%m') -%}{%- set _ = solid.append(f) -%}
{%- else -%}{%- set _ = separated.append(f) -%}{%- endif -%}
{%- endfor -%}
{%- for f in ('%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S') -%}
{%- if f not in separated -%}{%- set _ = separated.append(f) -%}{%- endif -%}
{%- endfor -%}
nullif(greatest(coalesce(
{%- for f in solid -%}
case when {{ rule_bytes(v) }} = {{ 8 if f == '%Y%m%d' else 6 }} then {{ rule_strptime(v, [f]) }} end, {% endfor -%}
{%- if serial -%}
case when {{ rule_matches(v, '[1-9][0-9]{3,4}(\\.[0-9]+)?') }} then {{ rule_date_add("date '1899-12-30'", 'cast(floor(try_cast(' ~ v ~ ' as double)) as integer)') }} end, {% endif -%}
{{ rule_strptime(v, separated) }}), date '1799-12-31'), date '1799-12-31')
{%- endmacro -%}

{%- macro parse_date(v, formats) -%}
coalesce({{ rule_date_core(v, formats) }}, case when {{ rule_untidy(v) }} or {{ rule_finds(v, '[０-９]') }} then {{ rule_date_core(rule_trim(rule_half_width(v)), formats) }} end)
{%- endmacro -%}

{#- A month as text `YYYY-MM`, like an edition. Formats may name a whole date; its day is dropped. -#}
{%- macro parse_month(v, formats) -%}
{%- set known = ['%Y-%m'] -%}
{%- for f in formats -%}{%- if f not in known -%}{%- set _ = known.append(f) -%}{%- endif -%}{%- endfor -%}
{{ rule_format_month(parse_date(v, known)) }}
{%- endmacro -%}
