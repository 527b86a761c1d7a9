"""The commands on a packed dataset in an object store."""

from __future__ import annotations

from pathlib import Path

import pytest
from nof1sim_test_s3 import BUCKET, WRITES, Store, forget_clients
from typer.testing import CliRunner

from nof1sim.cli import app, main
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.driver import simulate


def invoke(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, " ".join(found.output.split())


@pytest.fixture
def dataset(s3: Store, test_faces: None) -> str:
    design = {"baseline_days": 4, "period_days": 4, "cycles": 2}
    images = {"renderer": "nof1sim_test_faces:Spots", "size_px": 64, "layout": "packed"}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 3}, design=design, images=images)
    url = f"s3://{BUCKET}/commands"
    simulate(protocol, url, workers=1)
    return url


def test_validate_analyze_and_export(dataset: str, tmp_path: Path) -> None:
    code, said = invoke("validate", dataset)
    assert code == 0, said
    code, said = invoke("verify", dataset, "--sample", "1")
    assert code == 0, said
    code, said = invoke("analyze", dataset, "--embedder", "redness", "--no-plots", "--out", str(tmp_path / "analysis"))
    assert code == 0, said
    assert (tmp_path / "analysis" / "recovery.csv").is_file()
    for name in ("coco", "webdataset"):
        code, said = invoke("export", dataset, "--to", name, "--out", str(tmp_path / name))
        assert code == 0, said


def test_letters_with_status_2(s3: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def said(out: str) -> str:
        words = ["nof1sim", "simulate", "--patients", "1", "--days", "3", "--size", "64", "--workers", "1", "--out"]
        monkeypatch.setattr("sys.argv", [*words, out])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        return capsys.readouterr().err

    assert "there is no bucket 'nosuch'" in said("s3://nosuch/trial")
    s3.meddle = lambda method, path: ("403 Forbidden", "AccessDenied") if method in WRITES else None
    assert "access was refused" in said(f"s3://{BUCKET}/trial")
    s3.heal()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    forget_clients()
    assert "no credentials were found" in said(f"s3://{BUCKET}/trial")
    forget_clients()
    assert "s3://BUCKET/FOLDER" in said("nosuch://trial")
