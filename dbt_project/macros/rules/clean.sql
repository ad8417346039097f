{#-
  Cells that are clean beyond doubt: a test that costs little and is true only of texts that break no rule of their type. Nearly all rows are
  clean in every cell and need no other rule; a cell that fails here may still be right.
-#}

{#- Neither too long nor badly decoded: all that can be wrong with a text that need not be stated. -#}
{%- macro clean_text(v) -%}{{ rule_bytes(v) }} <= 4000 and not contains({{ v }}, {{ rule_char(65533) }}){%- endmacro -%}

{#- The same of a text that must be stated. -#}
{%- macro clean_stated_text(v) -%}{{ rule_matches(v, '[0-9A-LO-Za-mo-z][0-9A-Za-z]{0,99}|[\\x{4e00}-\\x{9fff}0-9A-Za-z]{5,99}') }}{%- endmacro -%}

{%- macro clean_name(v) -%}{{ rule_matches(v, '[\\x{4e00}-\\x{9fff}]{2,16}') }} and {{ v }} <> '不详' and {{ v }} <> '未知'{%- endmacro -%}

{#- Begins with a Chinese character; `stated` besides where it must be. -#}
{%- macro clean_address(v) -%}{{ v }} between '一' and '鿿' and {{ clean_text(v) }}{%- endmacro -%}
{%- macro clean_stated_address(v) -%}{{ clean_address(v) }} and {{ rule_bytes(v) }} > 12 and not {{ rule_untidy(v) }}{%- endmacro -%}

{%- macro clean_number_text(v) -%}{{ rule_matches(v, '[A-Z]*[0-9]*[1-9][0-9]*') }}{%- endmacro -%}
{%- macro clean_phone(v) -%}{{ rule_matches(v, '1[3-9][0-9]{9}') }}{%- endmacro -%}
{%- macro clean_integer(v) -%}{{ rule_matches(v, '[0-9]{1,18}') }}{%- endmacro -%}
{%- macro clean_decimal(v) -%}{{ rule_matches(v, '-?[0-9]{1,8}(\\.[0-9]{1,6})?') }}{%- endmacro -%}

{#- A day that every year has (29 February is left to the slow path), written in the first of the formats. -#}
{%- macro clean_date(v, formats) -%}
{%- set first = formats[0] -%}
{%- if first in ('%Y%m%d', '%Y-%m-%d', '%Y/%m/%d', '%Y.%m.%d', '%Y年%m月%d日') -%}
{%- set nought = '0' if first == '%Y%m%d' else '0?' -%}
{%- set end = '日' if first[-1] == '日' else '' -%}
{%- set between = {'%Y%m%d': ['', ''], '%Y-%m-%d': ['-', '-'], '%Y/%m/%d': ['/', '/'], '%Y.%m.%d': ['\\.', '\\.'], '%Y年%m月%d日': ['年', '月']}[first] -%}
{{ rule_matches(v, '(18|19|20)[0-9]{2}' ~ between[0] ~ '((' ~ nought ~ '[1-9]|1[0-2])' ~ between[1] ~ '(' ~ nought ~ '[1-9]|1[0-9]|2[0-8])|(' ~ nought ~ '[13-9]|1[0-2])' ~ between[1] ~ '(29|30)|(' ~ nought ~ '[13578]|1[02])' ~ between[1] ~ '31)' ~ end) }}
{%- else -%}
({{ rule_date_core(v, formats) }}) is not null
{%- endif -%}
{%- endmacro -%}

{#- The birth date in a number of 18 characters as a text of one of these formats. -#}
{%- macro clean_birth_text(v, format) -%}
{%- if format == '%Y%m%d' -%}substr({{ v }}, 7, 8)
{%- elif format == '%Y-%m-%d' -%}substr({{ v }}, 7, 4) || '-' || substr({{ v }}, 11, 2) || '-' || substr({{ v }}, 13, 2)
{%- elif format == '%Y/%m/%d' -%}substr({{ v }}, 7, 4) || '/' || substr({{ v }}, 11, 2) || '/' || substr({{ v }}, 13, 2)
{%- endif -%}
{%- endmacro -%}
