{#
  An entity id is a keyed hash of the entity's certain key. A plain hash of a citizen number could be found by trying
  all numbers; the installation's key, which never leaves it, prevents that. The key is read from `input.installation`
  and not written into SQL text, so that no compiled model or log holds it.
#}
{% macro keyed_id(entity, key_text, secret) -%}
    substr({{ adapter.dispatch('keyed_hash')(secret ~ " || '" ~ entity ~ "' || chr(31) || " ~ key_text ~ " || " ~ secret) }}, 1, 24)
{%- endmacro %}

{% macro default__keyed_hash(text) -%} sha256({{ text }}) {%- endmacro %}
{% macro spark__keyed_hash(text) -%} sha2({{ text }}, 256) {%- endmacro %}
