"""The program as a process: arguments and pipes in; files, JSON and an exit status out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from invoke_cli import __version__

SHORT = "a cat -s2 -W64 -H64"


def run(directory: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    package = str(Path(__file__).parent.parent)
    environment = os.environ | {"PYTHONPATH": package, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "invoke_cli", *arguments],
        input=given,
        capture_output=True,
        cwd=directory,
        env=environment,
        timeout=120,
        check=False,
    )


def objects(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_help_and_version_come_without_anything_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from invoke_cli.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    )
    code += "sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--from_file" in done.stdout
    assert "--strength" in done.stdout
    assert not {"torch", "numpy", "PIL", "prompt_toolkit"} & set(done.stderr.split())
    assert run(tmp_path, "--version").stdout.decode().strip() == f"invoke-cli {__version__}"


def test_one_line_one_picture(tmp_path: Path, tiny_model: Path) -> None:
    done = run(tmp_path, "--model", str(tiny_model), "--device", "cpu", f"{SHORT} -S5")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outputs/img-samples/000001.5.png").is_file()
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr


def test_a_pipe_of_lines_with_every_kind_of_ending(tmp_path: Path, tiny_model: Path) -> None:
    lines = f"\ufeff{SHORT} -S1\r\n\r\n# a comment\n// another\n{SHORT} -S2 -f2\n{SHORT} -S3\nq\n{SHORT} -S4"
    done = run(tmp_path, "--json", "--model", str(tiny_model), "--device", "cpu", given=lines.encode())
    assert done.returncode == 1
    found = objects(done)
    assert found[0]["schema"] == 1
    assert [event["seed"] for event in found if event["event"] == "saved"] == [1, 3]
    (failed,) = [event for event in found if event["event"] == "failed"]
    assert (failed["line_number"], failed["column"]) == (5, len(SHORT) + len(" -S2 -f2"))
    summary = found[-1]
    assert {key: summary[key] for key in ("event", "ok", "failed", "skipped", "pictures")} == {
        "event": "summary",
        "ok": 2,
        "failed": 1,
        "skipped": 3,
        "pictures": 2,
    }


def test_a_dry_run_needs_no_torch(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "torch.py").write_text("raise RuntimeError('a dry run has no need of torch')")
    package = str(Path(__file__).parent.parent)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{package}"}
    command = [
        sys.executable,
        "-m",
        "invoke_cli",
        "--dry_run",
        "--json",
        "--model",
        str(tiny_model),
        "a -S1 -n2",
    ]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, check=False)
    planned, summary = objects(done)
    assert done.returncode == 0
    assert planned["request"] == {"prompt": "a", "seed": 1, "iterations": 2}
    assert len(planned["pictures"]) == 2  # type: ignore[arg-type]
    assert summary["pictures"] == 0
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--stepz", "3"),
        ("--model", "no-such-model", "a"),
        ("--from_file", "missing.txt"),
        ("--device", "gpu", "a"),
    ],
)
def test_wrong_usage_leaves_with_2_and_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 2


def test_a_failed_line_leaves_with_1(tmp_path: Path, tiny_model: Path) -> None:
    done = run(tmp_path, "--model", str(tiny_model), "a cat --stepz 3")
    assert done.returncode == 1
    assert b"--steps" in done.stderr
    assert b"^" in done.stderr


def test_new_models_of_a_folder_are_imported_at_the_start_and_questions_are_answered(
    tmp_path: Path, tiny_model: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "tiny").symlink_to(tiny_model)
    arguments = ("--device", "cpu", "--autoimport", "new", "--json")
    done = run(tmp_path, *arguments, given=b"!models\n!del_model tiny\n")
    assert done.returncode == 0, done.stderr
    assert "tiny" in (tmp_path / "config" / "invoke-cli" / "models.yaml").read_text()
    told = [event["event"] for event in objects(done)]
    assert told == ["notice", "notice", "models", "ask", "notice", "notice", "summary"]
    again = run(tmp_path, *arguments, "--yes", given=b"!del_model tiny\n")
    assert [event["event"] for event in objects(again)] == ["ask", "notice", "notice", "summary"]
    assert "tiny" not in (tmp_path / "config" / "invoke-cli" / "models.yaml").read_text()


def test_the_shell_explains_a_line_and_loads_no_torch(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('not to be loaded')")
    package = str(Path(__file__).parent.parent)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{package}"}
    line = "a cat -s10 -f0.7"
    command = [sys.executable, "-m", "invoke_cli", "--explain", "--png", "plot.png", "--json"]
    command += ["--model", str(tiny_model), line]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, check=False)
    explained, _ = objects(done)
    assert (explained["event"], explained["steps_run"], explained["path"]) == ("explained", 7, "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "outputs").exists()


def test_closed_streams_are_no_reason_to_fail(tmp_path: Path, tiny_model: Path) -> None:
    command = f"exec {sys.executable} -m invoke_cli --dry_run --model {tiny_model} 'a cat' <&- >&- 2>&-"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    assert (
        subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, env=environment, check=False).returncode == 0
    )


def test_start_up_mistakes_never_send_escape_codes(tmp_path: Path) -> None:
    done = run(tmp_path, "--from_file", "esc\x1b[31m/none")
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
