{#-
  Whole numbers and decimals as departments write them: full-width digits, thousands separators, `.0` of a spreadsheet, a unit behind
  the number, a currency sign before it, amounts in capital numerals (壹万贰仟元整).
-#}

{#- Digits only: the engines' own casts would also take 1e5, 0x10, 1_000 and round 12.5. -#}
{%- macro rule_number_tidy(t) -%}
case when {{ rule_matches(t, '[+-]?[0-9]{1,3}(,[0-9]{3})+(\\.[0-9]+)?') }} then replace({{ t }}, ',', '') else {{ t }} end
{%- endmacro -%}

{#- A whole number as BIGINT, else null. `units`: words that may stand behind it (3人). -#}
{%- macro parse_integer(v, units=[]) -%}
{%- set tidy = rule_compact(v) -%}
{%- if units -%}{%- set tidy = rule_replace(tidy, '(' ~ units | join('|') ~ ')$') -%}{%- endif -%}
{%- set slow = rule_let('n', rule_let('t', tidy, rule_number_tidy('t')), 'case when ' ~ rule_matches('n', '[+-]?[0-9]{1,18}') ~ ' then try_cast(n as bigint) end') -%}
case when {{ rule_matches(v, '-?[0-9]{1,18}') }} then try_cast({{ v }} as bigint) when {{ v }} = '' then null else {{ slow }} end
{%- endmacro -%}

{#-
  A decimal as DECIMAL(18, scale), else null; half is rounded away from zero. `factor` turns the sender's unit into the element's
  (万元 -> 元: 10000).

  `units`: list of [word, factor] of the units that may stand behind a number; such a word counts more than the contract's unit, and an
  unknown one makes the cell unreadable. With 元 among them a currency sign may stand before the number, which says nothing about
  the unit, and an amount may be written in capital numerals.
-#}
{%- macro parse_decimal(v, scale=2, factor=1, units=[]) -%}
{%- set form = '-?[0-9]{1,15}(\\.[0-9]+)?' -%}
{%- set yuan = units | selectattr(0, 'equalto', '元') | list -%}
{%- set bare = rule_replace('t', '^(-?)(￥|¥|RMB|CNY|人民币)', '\\1') if yuan else 't' -%}
{%- set plain = rule_let('n', rule_number_tidy('s'), 'case when ' ~ rule_matches('n', form) ~ ' then ' ~ rule_decimal('n', scale, factor) ~ rule_unit_branches(units, scale) ~ rule_capital_branch(yuan, scale) ~ ' end') -%}
{%- set slow = rule_let('s', rule_let('t', rule_compact(v), bare), plain) -%}
case when {{ rule_matches(v, form) }} then {{ rule_decimal(v, scale, factor) }} when {{ v }} = '' then null else {{ slow }} end
{%- endmacro -%}

{%- macro rule_unit_branches(units, scale) -%}
{%- for unit in units %} when {{ rule_matches('n', '-?([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,15})(\\.[0-9]+)?' ~ unit[0] | upper) }} then {{ rule_decimal("replace(replace(n, " ~ rule_text(unit[0] | upper) ~ ", ''), ',', '')", scale, unit[1]) }}
{%- endfor -%}
{%- endmacro -%}

{%- macro rule_capital_branch(yuan, scale) -%}
{%- if yuan %} when {{ rule_finds('n', '[拾佰仟萬圆元整正角分十百千]$') }} then {{ rule_let('c', rule_capitals('n'), rule_decimal(rule_capital_amount('c'), scale, yuan[0][1])) }}
{%- endif -%}
{%- endmacro -%}

{#- Capital and small Chinese numerals as digits between 亿 万 千 百 十 元 角 分. -#}
{%- macro rule_capitals(n) -%}
{{ rule_replace(rule_replace('translate(' ~ n ~ ", '零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖两貳參陸萬億圆拾佰仟', '001234567891234567892236万亿元十百千')", '^人民币|[整正]$'), '0([亿万元])', '\\1') }}
{%- endmacro -%}

{#-
  The amount in yuan as text, null if it is none. A section is thousands, hundreds, tens and ones; there are three, of 亿, 万 and one;
  a nought stands where a place is passed over.
-#}
{%- macro rule_capital_amount(c) -%}
{%- set section = '([1-9]千)?0?([1-9]百)?0?([1-9]?十)?0?([1-9])?' -%}
{%- set pattern = '(' ~ section ~ '亿)?0?(' ~ section ~ '万)?0?' ~ section ~ '(元)?0?([1-9]角)?0?([1-9]分)?' -%}
case when {{ rule_matches(c, pattern) }} and {{ rule_finds(c, '[1-9十].*[元角分]') }} then cast(
{%- for size, part in ((100000000, '^(.*)亿'), (10000, '^(?:.*亿)?(.*)万'), (1, '^(?:.*[亿万])?(.*)元')) %} {{ size }} * {{ rule_let('p', rule_extract(c, part, 1), rule_capital_section('p')) }} +
{%- endfor %} 0.1 * {{ rule_capital_digit(c, '([1-9])角') }} + 0.01 * {{ rule_capital_digit(c, '([1-9])分') }} as varchar) end
{%- endmacro -%}

{#- The value of a section; 十 alone is one ten, a place that is not there nought. -#}
{%- macro rule_capital_section(p) -%}
(1000 * {{ rule_capital_digit(p, '([1-9])千') }} + 100 * {{ rule_capital_digit(p, '([1-9])百') }} + 10 * case when {{ rule_finds(p, '[1-9]十') }} then {{ rule_capital_digit(p, '([1-9])十') }} when contains({{ p }}, '十') then 1 else 0 end + {{ rule_capital_digit(p, '([1-9])$') }})
{%- endmacro -%}

{%- macro rule_capital_digit(p, pattern) -%}
coalesce(try_cast({{ rule_extract(p, pattern, 1) }} as bigint), 0)
{%- endmacro -%}

{%- macro rule_decimal(v, scale, factor) -%}
{%- if factor | string in ('1', '1.0') -%}
try_cast({{ v }} as decimal(18, {{ scale }}))
{%- else -%}
try_cast(try_cast({{ v }} as decimal(27, 10)) * {{ factor }} as decimal(18, {{ scale }}))
{%- endif -%}
{%- endmacro -%}
