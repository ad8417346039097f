{#-
  What the rules need from an engine, one macro each, so that a rule reads the same on DuckDB and on Spark.
  Arguments and results are SQL expressions as text. Rules are rendered by dbt and, with a small `adapter` stand-in,
  by `yibiao.ingest.rules`; nothing else of dbt may be used in this folder.
-#}

{#- A constant. dbt takes 40 microseconds to call a macro: loops over thousands of pairs write this in place of the call. -#}
{%- macro rule_text(value) -%}'{{ value | replace("'", "''") }}'{%- endmacro -%}

{%- macro rule_list(values) -%}
{%- for value in values -%}'{{ value | replace("'", "''") }}'{{ ", " if not loop.last }}{%- endfor -%}
{%- endmacro -%}

{#- Length in bytes: constant time, unlike the length in characters. -#}
{%- macro rule_bytes(v) -%}{{ adapter.dispatch('rule_bytes')(v) }}{%- endmacro -%}
{%- macro default__rule_bytes(v) -%}strlen({{ v }}){%- endmacro -%}
{%- macro spark__rule_bytes(v) -%}octet_length({{ v }}){%- endmacro -%}

{%- macro rule_div(a, b) -%}{{ adapter.dispatch('rule_div')(a, b) }}{%- endmacro -%}
{%- macro default__rule_div(a, b) -%}({{ a }} // {{ b }}){%- endmacro -%}
{%- macro spark__rule_div(a, b) -%}({{ a }} div {{ b }}){%- endmacro -%}

{%- macro rule_char(codepoint) -%}{{ adapter.dispatch('rule_char')(codepoint) }}{%- endmacro -%}
{%- macro default__rule_char(codepoint) -%}chr({{ codepoint }}){%- endmacro -%}
{%- macro spark__rule_char(codepoint) -%}'{{ '\\u%04X' | format(codepoint) }}'{%- endmacro -%}

{#- The whole text has this form. -#}
{%- macro rule_matches(v, pattern) -%}{{ adapter.dispatch('rule_matches')(v, pattern) }}{%- endmacro -%}
{%- macro default__rule_matches(v, pattern) -%}regexp_full_match({{ v }}, {{ rule_text(pattern) }}){%- endmacro -%}
{%- macro spark__rule_matches(v, pattern) -%}({{ v }} rlike r{{ rule_text('^(?:' ~ pattern ~ ')$') }}){%- endmacro -%}

{#- Some part of the text has this form. -#}
{%- macro rule_finds(v, pattern) -%}{{ adapter.dispatch('rule_finds')(v, pattern) }}{%- endmacro -%}
{%- macro default__rule_finds(v, pattern) -%}regexp_matches({{ v }}, {{ rule_text(pattern) }}){%- endmacro -%}
{%- macro spark__rule_finds(v, pattern) -%}({{ v }} rlike r{{ rule_text(pattern) }}){%- endmacro -%}

{%- macro rule_replace(v, pattern, by='') -%}{{ adapter.dispatch('rule_replace')(v, pattern, by) }}{%- endmacro -%}
{%- macro default__rule_replace(v, pattern, by) -%}
regexp_replace({{ v }}, {{ rule_text(pattern) }}, {{ rule_text(by) }}, 'g')
{%- endmacro -%}
{%- macro spark__rule_replace(v, pattern, by) -%}
regexp_replace({{ v }}, r{{ rule_text(pattern) }}, {{ rule_text(by | replace('\\1', '$1') | replace('\\2', '$2')) }})
{%- endmacro -%}

{#- What a group of a pattern matches; '' if it matches nothing. -#}
{%- macro rule_extract(v, pattern, group) -%}{{ adapter.dispatch('rule_extract')(v, pattern, group) }}{%- endmacro -%}
{%- macro default__rule_extract(v, pattern, group) -%}regexp_extract({{ v }}, {{ rule_text(pattern) }}, {{ group }}){%- endmacro -%}
{%- macro spark__rule_extract(v, pattern, group) -%}regexp_extract({{ v }}, r{{ rule_text(pattern) }}, {{ group }}){%- endmacro -%}

{#- A date by the first strptime format that fits the whole text, else null. -#}
{%- macro rule_strptime(v, formats) -%}{{ adapter.dispatch('rule_strptime')(v, formats) }}{%- endmacro -%}
{%- macro default__rule_strptime(v, formats) -%}
cast(try_strptime({{ v }}, [{{ rule_list(formats) }}]) as date)
{%- endmacro -%}
{%- macro spark__rule_strptime(v, formats) -%}
coalesce(
{%- for f in formats -%}
{%- set pattern = f | replace('%Y', 'y') | replace('%m', 'M') | replace('%d', 'd') | replace('%H', 'H')
    | replace('%M', 'm') | replace('%S', 's') | replace('%f', 'SSSSSS') -%}
{%- if f in ('%Y%m%d', '%Y%m') -%}{%- set pattern = f | replace('%Y', 'yyyy') | replace('%m', 'MM') | replace('%d', 'dd') -%}{%- endif -%}
cast(try_to_timestamp({{ v }}, {{ rule_text(pattern | replace('T', "'T'")) }}) as date){{ ", " if not loop.last }}
{%- endfor -%}
)
{%- endmacro -%}

{#- The day `days` after `start` (a date literal). -#}
{%- macro rule_date_add(start, days) -%}{{ adapter.dispatch('rule_date_add')(start, days) }}{%- endmacro -%}
{%- macro default__rule_date_add(start, days) -%}({{ start }} + {{ days }}){%- endmacro -%}
{%- macro spark__rule_date_add(start, days) -%}date_add({{ start }}, {{ days }}){%- endmacro -%}

{%- macro rule_format_month(d) -%}{{ adapter.dispatch('rule_format_month')(d) }}{%- endmacro -%}
{%- macro default__rule_format_month(d) -%}strftime({{ d }}, '%Y-%m'){%- endmacro -%}
{%- macro spark__rule_format_month(d) -%}date_format({{ d }}, 'yyyy-MM'){%- endmacro -%}

{#- Look a text up in many constant pairs; a missing key gives null. -#}
{%- macro rule_lookup(v, pairs) -%}{{ adapter.dispatch('rule_lookup')(v, pairs) }}{%- endmacro -%}
{%- macro default__rule_lookup(v, pairs) -%}
map { {%- for pair in pairs -%}'{{ pair[0] | replace("'", "''") }}': '{{ pair[1] | replace("'", "''") }}'{{ ", " if not loop.last }}{%- endfor -%} }[{{ v }}]
{%- endmacro -%}
{%- macro spark__rule_lookup(v, pairs) -%}
element_at(map({%- for pair in pairs -%}'{{ pair[0] | replace("'", "''") }}', '{{ pair[1] | replace("'", "''") }}'{{ ", " if not loop.last }}{%- endfor -%}), {{ v }})
{%- endmacro -%}

{#-
  `body` with `name` standing for the value of `value`, so that a long expression is written and evaluated once. It costs a list a
  row: for the few cells that are not clean already.
-#}
{%- macro rule_let(name, value, body) -%}{{ adapter.dispatch('rule_let')(name, value, body) }}{%- endmacro -%}
{%- macro default__rule_let(name, value, body) -%}list_transform([{{ value }}], lambda {{ name }}: {{ body }})[1]{%- endmacro -%}
{%- macro spark__rule_let(name, value, body) -%}element_at(transform(array({{ value }}), {{ name }} -> {{ body }}), 1){%- endmacro -%}
