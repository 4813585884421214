"""What is found out about a machine beside its cores and memory: GPUs, processor, limits, disks."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from profiles import Gpu, detect, look_at
from profiles.gpu import find_gpus, visible
from profiles.gpu_meter import GpuLoad, GpuMeter
from profiles.hardware import computes_bfloat16

NOWHERE = Path("/nowhere")


class LibraryError(Exception):
    pass


def library(names: tuple[str, ...], broken: bool = False) -> SimpleNamespace:
    """The driver's library, as ``pynvml`` wraps it."""

    def start() -> None:
        if broken:
            raise LibraryError

    return SimpleNamespace(
        NVMLError=LibraryError,
        nvmlInit=start,
        nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: len(names),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda index: names[index],
        nvmlDeviceGetMemoryInfo=lambda index: SimpleNamespace(total=8, free=5 + index),
    )


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    card = tmp_path / "gpus" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t NVIDIA T4\nIRQ:   \t\t 40\n")
    return tmp_path


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_the_drivers_library_tells_of_gpus_and_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch")
    monkeypatch.setitem(sys.modules, "pynvml", library(("A", "B")))
    assert find_gpus(NOWHERE) == (Gpu("A", 8, 5), Gpu("B", 8, 6))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert find_gpus(NOWHERE) == (Gpu("B", 8, 6),)


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_gpus_that_are_hidden_are_not_there(hidden: str, driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library(("A",)))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert find_gpus(driver) == ()


def test_torch_tells_only_where_it_is_loaded_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pynvml", "torch")
    assert find_gpus(NOWHERE) == ()
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 1,
        get_device_properties=lambda index: SimpleNamespace(name="C", total_memory=9),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert find_gpus(NOWHERE) == (Gpu("C", 9),)


def test_a_meter_tells_what_a_gpu_does_and_what_it_keeps_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> None:
        raise LibraryError

    nvml = library(("A", "B"))
    nvml.NVML_TEMPERATURE_GPU = 0
    nvml.nvmlDeviceGetUtilizationRates = lambda index: SimpleNamespace(gpu=83, memory=1) if index == 0 else silent()
    nvml.nvmlDeviceGetMemoryInfo = lambda index: SimpleNamespace(total=8, used=3) if index == 0 else silent()
    nvml.nvmlDeviceGetTemperature = lambda index, sensor: 71 if index == 0 else silent()
    nvml.nvmlDeviceGetPowerUsage = lambda index: 301_500
    nvml.nvmlDeviceGetEnforcedPowerLimit = silent
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    meter = GpuMeter(NOWHERE)
    assert meter.read() == (GpuLoad("A", 0.83, 3, 8, 71.0, 301.5, None), GpuLoad("B", watts=301.5)), "None, never 0"
    nvml.nvmlDeviceGetUtilizationRates = silent
    assert meter.read()[0].busy is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [gpu.name for gpu in GpuMeter(NOWHERE).read()] == ["B"]


@pytest.mark.parametrize("found", [None, library((), broken=True)], ids=["no library", "no driver"])
def test_a_meter_without_a_library_has_names_at_least(
    found: SimpleNamespace | None, driver: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "torch")
    monkeypatch.setitem(sys.modules, "pynvml", found)
    assert GpuMeter(driver).read() == (GpuLoad("NVIDIA T4"),)
    assert GpuMeter(NOWHERE).read() == ()


def test_without_either_the_drivers_files_give_names(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch")
    monkeypatch.setitem(sys.modules, "pynvml", library((), broken=True))
    assert find_gpus(driver) == (Gpu("NVIDIA T4"),)
    assert find_gpus(NOWHERE) == ()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("flags : fpu avx512f avx512_bf16", True), ("flags : amx_tile", True), ("flags : avx2 avx512_bf16x", False)],
)
def test_bfloat16_is_a_flag_of_the_processor(flags: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\n{flags}\n")
    assert computes_bfloat16(tmp_path / "cpuinfo") is expected
    assert computes_bfloat16(tmp_path / "absent") is None


def test_the_limit_of_file_descriptors_is_the_one_in_force() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 321), hard))
        assert detect().file_limit == min(soft, 321)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("mounts", "kind", "network"),
    [
        ([("/", "ext4")], "ext4", False),
        ([("{here}", "nfs4"), ("/", "ext4")], "nfs4", True),
        ([("/", "ext4"), ("{here}", "xfs"), ("{here}/store", "fuse.sshfs")], "fuse.sshfs", True),
        ([("/", "ext4"), ("{here}/sto", "nfs")], "ext4", False),
        ([("/", "ext4"), ("/", "overlay")], "overlay", False),
    ],
)
def test_the_deepest_mount_point_says_what_a_directory_is_on(
    mounts: list[tuple[str, str]], kind: str, network: bool, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    found = look_at(tmp_path / "store" / "not" / "yet", [(mount.format(here=tmp_path), of) for mount, of in mounts])
    assert (found.path, found.kind, found.network) == ((tmp_path / "store").resolve(), kind, network)
    assert 0 < found.free <= found.total


@pytest.mark.parametrize(
    ("listed", "there"),
    [("2,7,0", "C"), ("1,-1,0", "B"), ("7", ""), ("2,0", "CA"), ("GPU-8f2a,0", "ABC"), ("", "")],
)
def test_a_number_that_no_gpu_has_ends_the_list(listed: str, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert "".join(visible(("A", "B", "C"))) == there
