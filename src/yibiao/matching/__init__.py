"""Which data elements the fields of a form ask, without any rows: names, whom they speak of, neighbours, drop-downs.

`check_form` reads a form file and says for every field what is held already and what is left to ask; `Lexicon` and
`score_fields` do the matching alone. Weights and the sense of headers were trained apart (`schemas/matching`); no run
trains.
"""
