{#-
  Texts as departments write them: what counts as not stated, what is trimmed, names, addresses, numbers kept as text.

  The shape of every rule: a cheap test finds the cells that are clean already (nearly all of them) and returns them as
  they are; only the others go through regular expressions. Ten million rows pass here twice. The commonest unclean cell is
  the empty one: every rule leaves by it before its slow path, which costs thirty times the fast one.
-#}

{#-
  The words for nothing. A regular expression, because DuckDB turns `in` with more than a few constants into a hash join of the
  whole column, also inside a CASE that hardly ever comes to it.
-#}
{%- macro rule_is_nothing(v) -%}
({{ rule_bytes(v) }} <= 12 and {{ rule_matches(v, '空|无|-+|—+|/|\\\\|不详|未知|#?[Nn]/[Aa]|NULL|Null|null|NaN|nan|None') }})
{%- endmacro -%}

{#- True if the text may start or end with space of any kind, or starts with an apostrophe, or is empty. -#}
{%- macro rule_untidy(v) -%}
({{ v }} < '(' or contains({{ v }}, ' ')
{%- for codepoint in (9, 10, 13, 160, 8203, 12288, 65279) %} or contains({{ v }}, {{ rule_char(codepoint) }}){% endfor -%}
)
{%- endmacro -%}

{%- macro rule_trim(v) -%}
{{ rule_replace(v, "^[\\s\\x{a0}\\x{200b}\\x{3000}\\x{feff}']+|[\\s\\x{a0}\\x{200b}\\x{3000}\\x{feff}]+$") }}
{%- endmacro -%}

{#-
  Full-width digits, letters and the signs inside numbers to half-width. Only where there is one: DuckDB builds the table of a
  `translate` anew for every row, which costs 3 s a million.
-#}
{%- macro rule_half_width(v) -%}
case when {{ rule_finds(v, '[０-９Ａ-Ｚａ-ｚ－．，／＋（）]') }} then translate({{ v }}, '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ－．，／＋（）', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.,/+()') else {{ v }} end
{%- endmacro -%}

{#- Letters and digits of an identifier: half-width, upper case, no space, no apostrophe, no `.0` of a spreadsheet number. -#}
{%- macro rule_compact(v) -%}
{{ rule_replace('upper(' ~ rule_half_width(v) ~ ')', "[\\s\\x{a0}\\x{200b}\\x{3000}\\x{feff}'‘’`]+|\\.0+$") }}
{%- endmacro -%}

{#- The tidied text, or null where the sender wrote nothing or a word for nothing (空, 无, -, /, 不详, 未知, N/A, NULL). -#}
{%- macro stated(v) -%}
case when {{ v }} = '' then null when {{ v }} between '0' and 'M' and {{ rule_matches(v, '[0-9A-Za-z]+') }} then {{ v }} when {{ rule_untidy(v) }} then nullif({{ rule_replace(rule_trim(v), '^(空|无|-+|—+|/|\\\\|不详|未知|#?[Nn]/[Aa]|NULL|Null|null|NaN|nan|None)$') }}, '') when {{ rule_is_nothing(v) }} then null else {{ v }} end
{%- endmacro -%}

{#- As `stated`, and a number of zeros only is not stated either. For identifiers and account numbers. -#}
{%- macro stated_number(v) -%}
case when {{ rule_matches(v, '[0０]+(\\.0+)?') }} then null else {{ stated(v) }} end
{%- endmacro -%}

{#- Free text, tidied; null if not stated or if it holds the mark of a failed decoding (U+FFFD). -#}
{%- macro parse_text(v) -%}
case when contains({{ v }}, {{ rule_char(65533) }}) then null else {{ stated(v) }} end
{%- endmacro -%}

{#-
  A personal name (民委发〔2016〕33号): `·` U+00B7 is the only separator, once between two parts, whatever dot was typed; Han names hold
  no space, Latin names single ones; marks that only choose the shape of a character go. Rare characters count as letters up to the last
  plane that has any, also those that the engine's tables do not know yet. Null if there is no letter in it, if it holds four
  digits in a row or is longer than 50 characters.
-#}
{%- macro parse_name(v) -%}
case when {{ rule_matches(v, '[\\x{4e00}-\\x{9fff}]{2,16}') }} then case when {{ v }} = '不详' or {{ v }} = '未知' then null else {{ v }} end when {{ rule_is_nothing(v) }} then null when {{ rule_finds(v, '[0-9０-９]{4}|\\x{fffd}') }} or not {{ rule_finds(v, '[\\pL\\x{20000}-\\x{3ffff}]') }} or length({{ v }}) > 50 then null else {{ rule_let('t', rule_name_tidy(v), stated('t')) }} end
{%- endmacro -%}

{#- The dots: U+00B7 itself, 2022 30FB FF0E(Han only) 2027 2219 22C5 25CF FF65 0387 16EB 2E31 A78F 318D 2024, and `.` between Han. -#}
{%- macro rule_name_tidy(v) -%}
{%- set dots = '•・‧∙⋅●･·᛫⸱ꞏㆍ․' -%}
{%- set marks = '[\\x{fe00}-\\x{fe0f}\\x{e0100}-\\x{e01ef}\\x{200b}-\\x{200f}\\x{2060}\\x{feff}]+' -%}
case when {{ rule_finds(v, '[A-Za-zＡ-Ｚａ-ｚ\\x{370}-\\x{52f}\\x{600}-\\x{6ff}]') }} then {{ rule_name_dots(rule_replace(rule_replace(rule_half_width(v), marks), '[\\s\\x{a0}\\x{3000}]+', ' '), '[' ~ dots ~ ']') }} else {{ rule_name_dots(rule_replace(rule_replace(v, marks), "[\\s\\x{a0}\\x{3000}']+"), '[．.' ~ dots ~ ']') }} end
{%- endmacro -%}

{%- macro rule_name_dots(v, dots) -%}{{ rule_replace(rule_replace(rule_replace(v, ' ?(' ~ dots ~ '|·) ?', '·'), '·+', '·'), '^·|·$') }}{%- endmacro -%}

{#- An address: half-width digits and letters, no space. Null if there is no letter in it. -#}
{%- macro parse_address(v) -%}
case when not {{ rule_finds(v, '\\pL') }} or contains({{ v }}, {{ rule_char(65533) }}) then null when {{ rule_finds(v, "^'|[\\s\\x{a0}\\x{200b}\\x{3000}\\x{feff}０-９Ａ-Ｚａ-ｚ－]") }} then {{ rule_let('t', rule_replace(rule_half_width(v), "^'+|[\\s\\x{a0}\\x{200b}\\x{3000}\\x{feff}]+"), stated('t')) }} when {{ rule_is_nothing(v) }} then null else {{ v }} end
{%- endmacro -%}

{#- An address as it stands, null exactly where `parse_address` is: for checks, which need no tidied text, a third of its cost. -#}
{%- macro address_form(v) -%}
case when {{ v }} between '一' and '鿿' and {{ rule_bytes(v) }} > 12 and not {{ rule_untidy(v) }} and not contains({{ v }}, {{ rule_char(65533) }}) then {{ v }} else {{ parse_address(v) }} end
{%- endmacro -%}

{#-
  A number that is a name (account, certificate, household): leading zeros stay. Null without any digit, for zeros
  only, and for what a spreadsheet made of it (5.00118E+17: the digits are lost and must not be invented).
-#}
{%- macro parse_number_text(v) -%}
{%- set slow = 'case when not (' ~ rule_matches('t', '[0-9](\\.[0-9]+)?E\\+?[0-9]+|[^0-9]*|0+') ~ ' or contains(t, ' ~ rule_char(65533) ~ ')) then t end' -%}
case when {{ rule_matches(v, '[A-Z]*[0-9]*[1-9][0-9]*|[A-Z]*[0-9]*[1-9][0-9-]*[0-9]') }} then {{ v }} when {{ v }} = '' then null else {{ rule_let('t', rule_compact(v), slow) }} end
{%- endmacro -%}
