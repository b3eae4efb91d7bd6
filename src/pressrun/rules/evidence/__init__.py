"""What a bundle's own files say, as named facts. Pure: documents go in, facts and gaps come out.

A fact is only made of fields that are there and have the right type: what is missing or cannot be read becomes a gap
with a sentence, never a default. That is why these rules read plain decoded JSON and not records whose fields have
defaults: a field that somebody left out must never look like a good answer.
"""
