{#-
  A valid value of an element as a part of a certain key: forms of one number have one text, what identifies nobody for sure has none.
  `type` is the element's type.
-#}
{%- macro key_form(type, v) -%}
{%- if type == 'uscc' -%}{{ uscc_key(v) }}
{%- elif type == 'organisation_code' -%}{{ organisation_code_key(v) }}
{%- elif type == 'person_number' -%}{{ person_number_key(v) }}
{%- else -%}{{ v }}
{%- endif -%}
{%- endmacro -%}

{#-
  A valid code as a certain key: the organisation code, also of a credit code, which holds it (GB 32100: an organisation keeps its code
  for life, also where the rest changes). Never one that nobody was given: of a code whose eight characters are one and
  the same nothing follows, nor of nine in a credit code that do not fit their own check character.
-#}
{%- macro uscc_key(v) -%}
case when {{ organisation_code_check_ok(uscc_organisation_code(v)) }} and {{ key_several_characters(v, 9) }} then {{ uscc_organisation_code(v) }} else {{ v }} end
{%- endmacro -%}

{%- macro organisation_code_key(v) -%}case when {{ key_several_characters(v, 1) }} then {{ v }} end{%- endmacro -%}

{%- macro key_several_characters(v, place) -%}replace(substr({{ v }}, {{ place }}, 8), substr({{ v }}, {{ place }}, 1), '') <> ''{%- endmacro -%}

{#-
  A valid document number as a certain key: a passport has another number after its renewal, and other countries' have the same form.
  The cards of foreign residents of before and after 2023 do not follow from each other.
-#}
{%- macro person_number_key(v) -%}case when not {{ passport_form(v) }} then {{ v }} end{%- endmacro -%}
