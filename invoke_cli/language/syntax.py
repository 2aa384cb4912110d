"""What prompts may hold besides words, and lists of values: each form as an example, and what it means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A form that the language of lines has."""

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

LISTS = (
    Form("a barn -C 5,7.5,10", "A picture with each of these values, and a sheet of them all."),
    Form("a barn -A k_lms,k_euler", "Names, too."),
    Form("a barn -C 4:10:1.5", "From 4 to 10, in steps of 1.5."),
    Form("a barn -S 1:9", "Whole numbers go in ones."),
    Form("a barn -C 5,10 -A k_lms,k_euler", "All combinations, the first list from left to right."),
)
