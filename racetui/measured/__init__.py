"""What was measured on this machine: by ``racetui calibrate``, and by runs that ended here. Loads nothing heavy."""

from racetui.measured.calibration import Calibration, CalibrationError, read_calibration, write_calibration
from racetui.measured.fingerprint import Fingerprint, fingerprint
from racetui.measured.knowledge import Knowledge, read_knowledge
from racetui.measured.runs import Remembered, remember

__all__ = [
    "Calibration",
    "CalibrationError",
    "Fingerprint",
    "Knowledge",
    "Remembered",
    "fingerprint",
    "read_calibration",
    "read_knowledge",
    "remember",
    "write_calibration",
]
