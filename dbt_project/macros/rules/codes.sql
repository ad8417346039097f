{#-
  Code lists: what stands in the file (code, name or alias) to the standard code.

  Few pairs become a CASE. Among many, the codes that stand for themselves are found by one regular expression (an alternation of
  3,400 codes costs 0.1 s a million, `in (...)` 2 s) and only the rest is looked up in a map.
-#}

{#- `pairs`: list of [text in the file, standard code]; the standard codes themselves must be listed if they may occur. -#}
{%- macro parse_code(v, pairs) -%}
{%- if not pairs -%}
cast(null as varchar)
{%- else -%}
case when {{ v }} is null then null else coalesce({{ rule_code_core(v, pairs) }}, case when {{ v }} <> '' and ({{ rule_untidy(v) }} or {{ rule_finds(v, '[０-９Ａ-Ｚａ-ｚ－（）]|\\.0$') }}) then {{ rule_let('t', rule_replace(rule_trim(rule_half_width(v)), '\\.0$'), rule_code_core('t', pairs)) }} end) end
{%- endif -%}
{%- endmacro -%}

{%- macro rule_code_core(v, pairs) -%}
{%- if pairs | length <= 64 -%}
case {{ v }} {% for pair in pairs %}when '{{ pair[0] | replace("'", "''") }}' then '{{ pair[1] | replace("'", "''") }}' {% endfor %}end
{%- else -%}
{%- set same = [] -%}{%- set other = [] -%}
{%- for pair in pairs -%}
{%- if pair[0] == pair[1] and pair[0].isalnum() -%}{%- set _ = same.append(pair[0]) -%}{%- else -%}{%- set _ = other.append(pair) -%}{%- endif -%}
{%- endfor -%}
case {% if same %}when {{ rule_matches(v, same | join('|')) }} then {{ v }} {% endif %}{% if other %}else {{ rule_lookup(v, other) }} {% endif %}end
{%- endif -%}
{%- endmacro -%}
