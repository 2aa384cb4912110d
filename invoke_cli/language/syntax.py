"""What a prompt may hold besides words, declared for help: each form as an example, and what it means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A form that the language of prompts has."""

    example: str
    meaning: str


FORMS = (
    Form("a barn [moon, clouds]", "Words in brackets, anywhere and as many as you like, are kept out."),
    Form("a red++ barn", "word+ weighs 1.1 times as much, each further + again."),
    Form("a red- barn", "word- weighs 0.9 times as much, each further - again."),
    Form("a (big red)1.3 barn", "Words in parentheses have the weight that touches them, below 1 they fade."),
    Form('("a barn", "a ship").blend(0.7, 0.3)', "One picture of both, with these shares."),
    Form("a barn:0.7 a ship:0.3", "The same, as it was first written."),
    Form(
        '("a barn", "a ship").and()', "Both at once, each read for itself; shares may stand in the brackets."
    ),
    Form("a barn.swap(ship) at sea", "The picture of a barn at sea, with a ship in the barn's place."),
    Form("a {red|blue} barn", "One of these, drawn by the picture's seed; they nest and may be empty."),
    Form("a barn, __animal__", "A line of animal.txt in the folder of wildcards, drawn by the seed."),
    Form("a barn withLora(grain,0.8)", "Adds the LoRA of that name; 1 is as trained."),
    Form("a barn <lora:grain:0.8>", "The same."),
    Form("<my-mug> on a table", "The trigger of an embedding (textual inversion); !triggers lists them."),
    Form("a \\[framed\\] barn", "A backslash makes a bracket, parenthesis, sign or colon plain."),
)
