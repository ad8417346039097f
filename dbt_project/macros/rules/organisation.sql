{#-
  Codes of organisations and places: unified social credit code (GB 32100-2015), organisation code (GB 11714-1997),
  administrative division code (GB/T 2260, GB/T 10114, statistical codes of villages).
-#}

{#- GB 32100: value of the i-th character is its place in the alphabet without I O Z S V, weight 3^(i-1) modulo 31. -#}
{%- macro uscc_check_ok(v) -%}
({{ rule_bytes(v) }} = 18 and {{ rule_matches(v, '[0-9A-HJ-NP-RTUWXY]{18}') }} and substr('0123456789ABCDEFGHJKLMNPQRTUWXY0', 32 - ({% for weight in (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28) %}(instr('0123456789ABCDEFGHJKLMNPQRTUWXY', substr({{ v }}, {{ loop.index }}, 1)) - 1) * {{ weight }}{{ " + " if not loop.last }}{% endfor %}) % 31, 1) = substr({{ v }}, 18, 1))
{%- endmacro -%}

{#- A code of the right form: authority 1-9 A N Y, six digits of region; check character not judged. -#}
{%- macro uscc_form(v) -%}
{%- set form = '[1-9ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}' -%}
case when {{ rule_matches(v, form) }} then {{ v }} else {{ rule_let('t', rule_compact(v), 'case when ' ~ rule_matches('t', form) ~ ' then t end') }} end
{%- endmacro -%}

{#- The valid code, else null. -#}
{%- macro parse_uscc(v) -%}
{{ rule_let('u', uscc_form(v), 'case when ' ~ uscc_check_ok('u') ~ ' then u end') }}
{%- endmacro -%}

{%- macro uscc(v) -%}({{ parse_uscc(v) }}) is not null{%- endmacro -%}

{#-
  GB 11714: eight characters and a check character; value 0-9, A = 10 ... Z = 35, weights 3 7 9 10 5 8 4 2, check = 11 - (sum mod 11),
  10 is X, 11 is 0. For nine characters without the hyphen.
-#}
{%- macro organisation_code_check_ok(v) -%}
({{ rule_bytes(v) }} = 9 and {{ rule_matches(v, '[0-9A-Z]{8}[0-9X]') }} and substr('0X987654321', ({% for weight in (3, 7, 9, 10, 5, 8, 4, 2) %}(instr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr({{ v }}, {{ loop.index }}, 1)) - 1) * {{ weight }}{{ " + " if not loop.last }}{% endfor %}) % 11 + 1, 1) = substr({{ v }}, 9, 1))
{%- endmacro -%}

{#- Nine characters, half-width and upper case, without the hyphen before the check character; else null. -#}
{%- macro organisation_code_form(v) -%}
{%- set form = '[0-9A-Z]{8}[0-9X]' -%}
case when {{ rule_matches(v, form) }} then {{ v }} else {{ rule_let('t', rule_replace(rule_compact(v), '[-—]'), 'case when ' ~ rule_matches('t', form) ~ ' then t end') }} end
{%- endmacro -%}

{#- The valid organisation code, else null. -#}
{%- macro parse_organisation_code(v) -%}
{{ rule_let('u', organisation_code_form(v), 'case when ' ~ organisation_code_check_ok('u') ~ ' then u end') }}
{%- endmacro -%}

{#- The organisation code inside a unified social credit code (its positions 9 to 17). -#}
{%- macro uscc_organisation_code(v) -%}substr({{ v }}, 9, 9){%- endmacro -%}

{#-
  The first two digits of every province by GB/T 2260, with 83 of the residence permit of Taiwan residents.
-#}
{%- macro rule_provinces() -%}1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]{%- endmacro -%}

{#- A division code of 6, 9 or 12 digits, half-width; null for another form. There is no check digit. -#}
{%- macro parse_division_code(v) -%}
{%- set form = '[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?' -%}
case when {{ rule_matches(v, form) }} then {{ v }} when {{ v }} = '' then null else {{ rule_let('t', rule_compact(v), 'case when ' ~ rule_matches('t', form) ~ ' then t end') }} end
{%- endmacro -%}
