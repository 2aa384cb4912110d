import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from invoke_cli.language.grammar import parse
from invoke_cli.language.switches import table
from invoke_cli.language.world import World
from invoke_cli.repl.commands import COMMANDS
from invoke_cli.repl.commands.arguments import typed_words, word_text, words_of
from invoke_cli.repl.commands.offers import OFFERS
from invoke_cli.repl.commands.registry import LINE
from invoke_cli.repl.completer import LineCompleter

WORLD = World(
    images=("outputs/img-samples/000001.42.png",),
    samplers=("k_lms", "k_euler", "ddim"),
    models=("demo",),
    seeds=("1592514025", "42"),
)


def completed(line, cursor=None):
    """The whole lines that accepting each offer would give."""
    document = Document(line, len(line) if cursor is None else cursor)
    offers = LineCompleter(lambda: WORLD).get_completions(document, CompleteEvent())
    before, after = document.text_before_cursor, document.text_after_cursor
    return [before[: len(before) + offer.start_position] + offer.text + after for offer in offers]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A folder with pictures and other things, as the current directory and as the home."""
    for name in ["sketch.png", "Sky.JPG", "notes.txt", "my barn.webp", ".hidden.png", "don't.png"]:
        (tmp_path / name).touch()
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "one.png").touch()
    (tmp_path / "old pictures").mkdir()
    (tmp_path / "old pictures" / "two.png").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_switches_are_completed():
    assert "a barn --strength" in [line.rstrip() for line in completed("a barn --stren")]


def test_samplers_are_completed():
    assert "a barn -A k_euler" in [line.rstrip() for line in completed("a barn -A k_e")]


def test_seeds_are_completed():
    assert "a barn -S 1592514025" in [line.rstrip() for line in completed("a barn -S 15")]


@pytest.mark.parametrize(
    "command", ["!switch", "!edit_model", "!del_model", "!convert_model", "!optimize_model"]
)
def test_models_are_completed(command):
    assert completed(f"{command} de") == [f"{command} demo"]
    assert completed(f"{command} x") == []


def test_weights_are_completed(pictures):
    (pictures / "Dream Shaper.safetensors").touch()
    (pictures / "old.ckpt").touch()
    assert completed("!import_model o") == ['!import_model "old pictures/', "!import_model old.ckpt"]
    assert completed('!import_model "Dr') == ['!import_model "Dream Shaper.safetensors"']


def test_nothing_is_offered_inside_a_word_of_the_prompt():
    assert completed("a barn") == []


def test_completion_works_before_the_end_of_the_line():
    assert "a barn -A k_euler -s10" in completed("a barn -A k_eu -s10", len("a barn -A k_eu"))


@pytest.mark.parametrize("switch", ["-I ", "--init_img ", "--init_img=", "-M ", "-I"])
def test_files_come_after_switches_that_take_a_picture(pictures, switch):
    lines = completed(f"a barn {switch}./sk")
    assert lines == [f"a barn {switch}./sketch.png"]


def test_only_pictures_and_folders_are_offered(pictures):
    lines = completed("a barn -I ")
    assert "a barn -I sketch.png" in lines
    assert "a barn -I Sky.JPG" in lines
    assert "a barn -I studies/" in lines
    assert not any("notes" in line or "hidden" in line for line in lines)


def test_only_folders_are_offered_for_a_folder(pictures):
    assert completed("a barn -o s") == ["a barn -o studies/"]


def test_in_a_full_folder_every_file_can_be_reached(pictures):
    for number in range(600):
        (pictures / f"{number:06}.42.png").touch()
    assert completed("a barn -I 000599") == ["a barn -I 000599.42.png"]
    assert len(completed("a barn -I ")) < 600


def test_hidden_files_are_offered_once_asked_for(pictures):
    assert completed("a barn -I .h") == ["a barn -I .hidden.png"]


def test_the_home_directory_stays_abbreviated(pictures):
    assert completed("a barn -I ~/sk") == ["a barn -I ~/sketch.png"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("-I my", "my barn.webp"),
        ('-I "my', "my barn.webp"),
        ('-I "my b', "my barn.webp"),
        ("-I 'my b", "my barn.webp"),
        ("-I my\\ b", "my barn.webp"),
        ("-I don", "don't.png"),
        ('-I "old pictures/t', "old pictures/two.png"),
        ("-I studies/o", "studies/one.png"),
    ],
)
def test_what_is_completed_reads_back_as_the_file(pictures, typed, meant):
    (line,) = completed(f"a barn {typed}")
    assert parse(line).init_img == meant


def test_inside_a_folder_with_a_blank_one_can_go_on(pictures):
    (line,) = completed("a barn -I ol")
    assert completed(line) == ['a barn -I "old pictures/two.png"']


def test_a_value_that_is_finished_is_not_completed(pictures):
    assert not any("sketch" in line for line in completed("a barn -I my.png "))


def test_a_folder_that_is_not_there_offers_nothing(pictures):
    assert completed("a barn -I nowhere/x") == []


@pytest.mark.parametrize("path", ["~nobody-of-that-name/x", "a\0b/x", "/" + "x" * 5000 + "/"])
def test_an_impossible_path_offers_nothing(pictures, path):
    assert completed(f"a barn -I {path}") == []


@given(st.text(max_size=30), st.integers(0, 30))
def test_any_text_can_be_completed(text, cursor):
    completed(f"a -I {text}", min(cursor, len(text)) + 5)


def test_commands_are_completed():
    assert completed("!hi") == ["!history"]
    assert completed("!") == list(COMMANDS)


def test_commands_are_topics_of_help():
    assert completed("!help !hi") == ["!help !history"]
    assert completed("!history 1") == []


# --- words behind commands ------------------------------------------------------------------------------

RICH = World(
    samplers=("k_lms", "k_euler"),
    models=("demo", "Dream Shaper"),
    loras=("grain",),
    vaes=("soft", "my vae"),
    hub_ids=("org/one",),
)


def after(line):
    offers = LineCompleter(lambda: RICH).get_completions(Document(line, len(line)), CompleteEvent())
    return [line[: len(line) + offer.start_position] + offer.text for offer in offers]


def test_every_kind_that_a_command_names_exists():
    named = {kind for _, entry in COMMANDS.items() for part in entry.takes for kind in part.offers}
    assert named <= {*OFFERS, LINE}


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("!del_model D", ["!del_model demo", '!del_model "Dream Shaper"']),
        ("!del_model 'Dr", ["!del_model 'Dream Shaper'"]),
        ("!del_model demo ", []),
        ("!switch org/", ["!switch org/one"]),
        ("!edit_model demo v", ["!edit_model demo vae="]),
        ("!edit_model demo vae=s", ["!edit_model demo vae=soft"]),
        ("!edit_model demo vae=m", ['!edit_model demo "vae=my vae"']),
        ("!edit_model demo vae='my v", ["!edit_model demo 'vae=my vae'"]),
        ("!edit_model demo vae=soft dty", ["!edit_model demo vae=soft dtype="]),
        ("!edit_model demo default", ["!edit_model demo default=", "!edit_model demo defaults."]),
        ("!edit_model x defaults.cf", ["!edit_model x defaults.cfg_scale="]),
        ("!edit_model demo defaults.sampler=k_e", ["!edit_model demo defaults.sampler=k_euler"]),
        ("!edit_model x defaults.fit=t", ["!edit_model x defaults.fit=true"]),
        ("!edit_model demo loras.", ["!edit_model demo loras.grain="]),
        ("!edit_model demo kind=sdxl", ["!edit_model demo kind=sdxl", "!edit_model demo kind=sdxl-refiner"]),
        ("!edit_model demo source=org", ["!edit_model demo source=org/one"]),
        ("!import_model x --na", ["!import_model x --name"]),
        ("!import_model x --name d", []),
        ("!import_model --name d org", ["!import_model --name d org/one"]),
        ("!help --stren", ["!help --strength"]),
        ("!compare a -A k_e", ["!compare a -A k_euler"]),
        ("!explain a --png", ["!explain a --png", "!explain a --png_compression"]),
        ("!set stre", ["!set strength"]),
        ("!set --stre", ["!set --strength"]),
        ("!set sampler k_e", ["!set sampler k_euler"]),
        ("!set fit f", ["!set fit false"]),
        ("!unset al", ["!unset all"]),
        ("!grid a.png --na", ["!grid a.png --names"]),
        ("!help img", ["!help img2img"]),
        ("!models d", []),
        ("!nonsense d", []),
    ],
)  # fmt: skip
def test_words_behind_commands(line, lines):
    assert after(line) == lines


def test_paths_are_offered_as_values_and_second_words(pictures):
    (pictures / "soft vae.pt").touch()
    assert after("!edit_model demo vae=soft") == [
        "!edit_model demo vae=soft",
        '!edit_model demo "vae=soft vae.pt"',
    ]
    assert after("!edit_model demo tokenizer=st") == ["!edit_model demo tokenizer=studies/"]
    assert after("!convert_model demo ol") == ['!convert_model demo "old pictures/']
    assert after("!explain a barn --png sk") == ["!explain a barn --png sketch.png"]
    assert after("!explain a barn --png=studies/") == ["!explain a barn --png=studies/one.png"]


@pytest.mark.edge(45)
def test_pictures_and_prompt_files_behind_commands(pictures):
    assert after("!fetch my") == ['!fetch "my barn.webp"']
    assert after("!show sk") == ["!show sketch.png"]
    assert after("!grid sketch.png Sk") == ["!grid sketch.png Sky.JPG"]
    assert after("!fetch '*.png' no") == ["!fetch '*.png' notes.txt"]
    assert after("!replay no") == ["!replay notes.txt"]
    assert after("!set init_img sk") == ["!set init_img sketch.png"]


@pytest.mark.edge(45)
def test_bare_names_in_the_folder_of_pictures(pictures):
    offers = LineCompleter(lambda: World(outdir="studies")).get_completions
    for line, name in (
        ("a barn -I on", "one.png"),
        ("!fetch on", "one.png"),
        ("!fetch studies/", "studies/one.png"),
    ):
        assert [offer.text for offer in offers(Document(line, len(line)), CompleteEvent())] == [name]


@pytest.mark.edge(45)
def test_every_switch_of_the_line_is_offered_and_no_other():
    offered = {line.split()[-1] for line in completed("a barn --")}
    known = {flag for switch in table() for flag in switch.flags}
    assert {f"--{switch.name}" for switch in table()} <= offered
    assert {flag for flag in offered if not flag.startswith("--no-")} <= known


def test_a_word_with_both_quotes_reads_back():
    for word in ('it\'s "so"', "plain", "two words", 'a "b"', "don't", "--x"):
        assert words_of(word_text(word)) == [word]


@given(st.text(alphabet="ab \"'=-.", max_size=12))
def test_what_is_typed_is_split_as_it_will_be_read(text):
    words = typed_words(text)
    closed = text + words[-1].quote
    meant = [word.text for word in words]
    goes_on = words[-1].quote or (text and not text[-1].isspace())
    assert words_of(closed) == (meant if goes_on else meant[:-1])


@given(st.text(max_size=30))
def test_anything_behind_a_command_can_be_completed(text):
    for name in ("!edit_model", "!import_model", "!explain"):
        after(f"{name} {text}")
