{#-
  Dates and months by the formats that the contract names (strptime codes, and `excel` for serial numbers of spreadsheets);
  nothing is guessed. Single digits are understood (1987.3.5) where a separator stands between the parts; years have
  four digits. ISO is understood besides: readers write the typed cells of spreadsheets and databases in it.
-#}

{#-
  The date of a tidy text, null before 1800: a two-digit year would become the first century.

  A format is tried only on texts that hold its separator: a failed attempt costs ten times a successful one.
-#}
{%- macro rule_date_core(v, formats) -%}
{%- set known = ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S'] -%}
{%- for f in formats -%}{%- if f not in known -%}{%- set _ = known.append(f) -%}{%- endif -%}{%- endfor -%}
nullif(greatest(case
{%- for f in formats -%}
{%- if f in ('%Y%m%d', '%Y%m') %} when {{ rule_matches(v, '[0-9]{8}' if f == '%Y%m%d' else '[0-9]{6}') }} then {{ rule_strptime(v, [f]) }}
{%- elif f | lower in ('excel', 'excel_serial', 'serial') %} when {{ rule_matches(v, '[1-9][0-9]{3,4}(\\.[0-9]+)?') }} then {{ rule_date_add("date '1899-12-30'", 'cast(floor(try_cast(' ~ v ~ ' as double)) as integer)') }}
{%- endif -%}
{%- endfor -%}
{%- for separator in ('年', '.', '/', '-') -%}
{%- set mine = [] -%}
{%- for f in known -%}{%- if ('%Y' ~ separator) in f -%}{%- set _ = mine.append(f) -%}{%- endif -%}{%- endfor -%}
{%- if mine %} when contains({{ v }}, {{ rule_text(separator) }}) then {{ rule_strptime(v, mine) }}{%- endif -%}
{%- endfor -%}
{%- set others = [] -%}
{%- for f in formats -%}
{%- if '%' in f and f not in ('%Y%m%d', '%Y%m') and not ('%Y年' in f or '%Y.' in f or '%Y/' in f or '%Y-' in f) -%}{%- set _ = others.append(f) -%}{%- endif -%}
{%- endfor -%}
{%- if others %} else {{ rule_strptime(v, others) }}{% endif %} end, date '1799-12-31'), date '1799-12-31')
{%- endmacro -%}

{%- macro parse_date(v, formats) -%}
coalesce({{ rule_date_core(v, formats) }}, case when {{ v }} <> '' and ({{ rule_untidy(v) }} or {{ rule_finds(v, '[０-９．－／]') }}) then {{ rule_let('t', rule_trim(rule_half_width(v)), rule_date_core('t', formats)) }} end)
{%- endmacro -%}

{#- A month as text `YYYY-MM`, like an edition. Formats may name a whole date; its day is dropped. -#}
{%- macro parse_month(v, formats) -%}
{%- set known = ['%Y-%m'] -%}
{%- for f in formats -%}{%- if f not in known -%}{%- set _ = known.append(f) -%}{%- endif -%}{%- endfor -%}
{{ rule_format_month(parse_date(v, known)) }}
{%- endmacro -%}
