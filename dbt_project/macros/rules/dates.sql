{#-
  Dates and months by the formats that the contract names: strptime codes, `any` for every notation with a four-digit year, `excel` and
  `excel_1904` for serial numbers of spreadsheets; nothing is guessed. Single digits are understood (1987.3.5) where a separator stands
  between the parts; Chinese numerals (二〇二六年一月五日) and 号 where years, months and days are written in Chinese. Years have
  four digits unless a format with `%y` is named: 69 to 99 are of the last century, 00 to 68 of this one. ISO is understood besides:
  readers write the typed cells of spreadsheets and databases in it.
-#}

{%- macro rule_date_formats(formats, everything) -%}
{%- for f in formats if f != 'any' -%}{{ f }}|{%- endfor -%}
{%- if 'any' in formats -%}{{ everything | join('|') }}{%- endif -%}
{%- endmacro -%}

{#-
  The date of a tidy text, null before 1800: a two-digit year would become the first century.

  A format is tried only on texts that hold its separator: a failed attempt costs ten times a successful one.
-#}
{%- macro rule_date_core(v, formats) -%}
{%- set known = [] -%}
{%- for f in formats if '%y' in f -%}{%- set _ = known.append(f) -%}{%- endfor -%}
{%- for f in ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M'] -%}{%- set _ = known.append(f) -%}{%- endfor -%}
{%- for f in formats if f not in known -%}{%- set _ = known.append(f) -%}{%- endfor -%}
{%- if '%Y/%m/%d' in known -%}{%- set _ = known.extend(['%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M']) -%}{%- endif -%}
nullif(greatest(case
{%- for f in formats -%}
{%- if f in ('%Y%m%d', '%Y%m') %} when {{ rule_matches(v, '[0-9]{8}' if f == '%Y%m%d' else '[0-9]{6}') }} then {{ rule_strptime(v, [f]) }}
{%- elif f | lower in ('excel', 'excel_serial', 'serial', 'excel_1904') %} when {{ rule_matches(v, '[1-9][0-9]{3,4}(\\.[0-9]+)?') }} then {{ rule_date_add("date '1904-01-01'" if f == 'excel_1904' else "date '1899-12-30'", 'cast(floor(try_cast(' ~ v ~ ' as double)) as integer)') }}
{%- endif -%}
{%- endfor -%}
{%- for separator in ('年', '.', '/', '-') -%}
{%- set mine = [] -%}
{%- for f in known -%}{%- if ('%Y' ~ separator) in f or ('%y' ~ separator) in f -%}{%- set _ = mine.append(f) -%}{%- endif -%}{%- endfor -%}
{%- if mine %} when contains({{ v }}, {{ rule_text(separator) }}) then {{ rule_strptime(v, mine) }}{%- endif -%}
{%- endfor -%}
{%- set others = [] -%}
{%- for f in formats -%}
{%- if '%' in f and f not in ('%Y%m%d', '%Y%m') and not ('%Y年' in f | replace('%y', '%Y') or '%Y.' in f | replace('%y', '%Y') or '%Y/' in f | replace('%y', '%Y') or '%Y-' in f | replace('%y', '%Y')) -%}{%- set _ = others.append(f) -%}{%- endif -%}
{%- endfor -%}
{%- if others %} else {{ rule_strptime(v, others) }}{% endif %} end, date '1799-12-31'), date '1799-12-31')
{%- endmacro -%}

{#- A date in Chinese numerals with Arabic ones, 号 as 日: 二〇二六年十二月二十一号 -> 2026年12月21日. -#}
{%- macro rule_chinese_date(t) -%}
{%- set digits = 'translate(' ~ t ~ ", '〇零○一二三四五六七八九号', '000123456789日')" -%}
{{ rule_replace(rule_replace(rule_replace(rule_replace(rule_replace(digits, '廿', '2十'), '([1-3])十([1-9])', '\\1\\2'), '([1-3])十', '\\10'), '十([1-9])', '1\\1'), '十', '10') }}
{%- endmacro -%}

{%- macro parse_date(v, formats) -%}
{{ rule_parse_date(v, rule_date_formats(formats, ['%Y-%m-%d', '%Y%m%d', '%Y.%m.%d', '%Y/%m/%d', '%Y年%m月%d日']).split('|') | select | list) }}
{%- endmacro -%}

{%- macro rule_parse_date(v, formats) -%}
coalesce({{ rule_date_core(v, formats) }}, case when {{ v }} <> '' and ({{ rule_untidy(v) }} or {{ rule_finds(v, '[０-９．－／]') }}) then {{ rule_let('t', rule_trim(rule_half_width(v)), rule_date_core('t', formats)) }} end
{%- if '年' in formats | join -%}
, case when contains({{ v }}, '年') then {{ rule_let('t', rule_chinese_date(rule_replace(rule_half_width(v), "[\\s\\x{a0}\\x{3000}']+")), rule_date_core('t', formats)) }} end
{%- endif -%}
)
{%- endmacro -%}

{#- A month as text `YYYY-MM`, like an edition. Formats may name a whole date; its day is dropped. -#}
{%- macro parse_month(v, formats) -%}
{%- set named = rule_date_formats(formats, ['%Y%m', '%Y.%m', '%Y/%m', '%Y年%m月', '%Y%m%d', '%Y.%m.%d', '%Y/%m/%d', '%Y年%m月%d日']).split('|') | select | list -%}
{%- set known = ['%Y-%m'] -%}
{%- for f in named -%}{%- if f not in known -%}{%- set _ = known.append(f) -%}{%- endif -%}{%- endfor -%}
{{ rule_format_month(rule_parse_date(v, known)) }}
{%- endmacro -%}
