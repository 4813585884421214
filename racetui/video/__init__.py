"""Videos of evaluated episodes: driven again as they were, drawn frame by frame, without a display.

Importing this loads neither torch nor gymnasium nor the encoders.
"""

from racetui.video.filming import CHOICES, Camera, VideoPlan
from racetui.video.writers import VideoError

__all__ = ["CHOICES", "Camera", "VideoError", "VideoPlan"]
