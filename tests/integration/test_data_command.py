"""`intake data` builds the postcode file once, whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from intake.__main__ import main
from intake.errors import BadConfiguration
from intake.locate import postcode_build
from intake.locate.postcode_file import FILE_NAME, MANIFEST_NAME, PostcodeFile, PostcodesMissing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("data")
    assert main(["data", "--folder", str(made)]) == 0
    return made


def test_it_holds_great_britain_and_not_northern_ireland(folder: Path) -> None:
    postcodes = PostcodeFile.open(folder)
    assert len(postcodes) > 2_600_000
    assert postcodes.district("BT1") is None
    assert postcodes.district("IM1") is None
    for outward, inward in [("LS1", "4AP"), ("SW1A", "1AA"), ("CF10", "3NP"), ("ZE1", "0AA"), ("M1", "1AE")]:
        assert postcodes.unit(outward, inward) is not None, (outward, inward)
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    assert "Open Government Licence" in manifest["attribution"]


def test_its_places_are_the_packages_own(folder: Path) -> None:
    import importlib.util  # noqa: PLC0415

    import brotli  # noqa: PLC0415
    import msgpack  # noqa: PLC0415

    spec = importlib.util.find_spec(postcode_build.MODULE)
    assert spec is not None
    path = Path(str(spec.origin)).parent / "postcodes_L.msgpack.br"
    columns = msgpack.unpackb(brotli.decompress(path.read_bytes()))["data"]
    postcodes = PostcodeFile.open(folder)
    for row in range(0, len(columns["pcd"]), 997):
        pcd, east, north = columns["pcd"][row], columns["oseast1m"][row], columns["osnrth1m"][row]
        if east != east:  # no place: not a number
            continue
        found = postcodes.unit(pcd[:4].strip(), pcd[4:])
        assert found is not None, pcd
        assert (found.easting_m, found.northing_m) == (int(east), int(north))


def test_the_second_time_is_quick_and_changes_nothing(folder: Path) -> None:
    before = (folder / FILE_NAME).stat().st_mtime_ns
    started_s = time.monotonic()
    assert main(["data", "--folder", str(folder)]) == 0
    assert time.monotonic() - started_s < 1
    assert (folder / FILE_NAME).stat().st_mtime_ns == before


def test_another_version_is_built_again(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    (folder / MANIFEST_NAME).write_text(json.dumps({**manifest, "package_version": "2020.1"}))
    assert postcode_build.up_to_date(folder) is None
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))
    assert postcode_build.up_to_date(folder) is not None


def test_a_package_gone_thin_does_not_replace_what_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postcode_build, "read_package", lambda progress: np.zeros((3, 10), dtype=np.int32))
    with pytest.raises(BadConfiguration, match="fewer than"):
        postcode_build.build(folder)
    assert len(PostcodeFile.open(folder)) > 2_600_000


@pytest.mark.parametrize("damage", ["absent", "torn", "layout", "rows", "not json", "not numpy"])
def test_a_damaged_file_names_the_command_to_run(tmp_path: Path, damage: str) -> None:
    postcode_build.write(tmp_path, np.arange(30, dtype=np.int32).reshape(3, 10), "1")
    PostcodeFile.open(tmp_path)
    data, manifest = tmp_path / FILE_NAME, tmp_path / MANIFEST_NAME
    match damage:
        case "absent":
            data.unlink()
        case "torn":
            data.write_bytes(data.read_bytes()[:-20])
        case "layout":
            manifest.write_text(manifest.read_text().replace('"layout":1', '"layout":0'))
        case "rows":
            manifest.write_text(manifest.read_text().replace('"rows":10', '"rows":11'))
        case "not json":
            manifest.write_text("{")
        case "not numpy":
            data.write_bytes(b"hello")
    with pytest.raises(PostcodesMissing, match="run `intake data`"):
        PostcodeFile.open(tmp_path)


def test_a_failed_write_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(30, dtype=np.int32).reshape(3, 10)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(postcode_build.np, "save", full_disk)  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="no space"):
        postcode_build.write(tmp_path, rows, "1")
    assert list(tmp_path.iterdir()) == []


def test_opening_takes_milliseconds_and_little_memory(folder: Path) -> None:
    script = (
        "import resource, sys, time; from pathlib import Path\n"
        "from intake.locate.postcode_file import PostcodeFile\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "started = time.perf_counter(); file = PostcodeFile.open(Path(sys.argv[1]))\n"
        "assert file.unit('LS1', '4AP'); took = time.perf_counter() - started\n"
        "print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    took_s, grown = done.stdout.split()
    assert float(took_s) < 0.05
    assert int(grown) * 1024 < 8_000_000  # ru_maxrss is in KiB on Linux
