"""Videos of evaluated and recorded episodes: driven again as they were, drawn frame by frame, without a display.

Importing this loads neither torch nor gymnasium nor the encoders.
"""

from racetui.video.choosing import CHOICES
from racetui.video.filming import Camera, VideoPlan
from racetui.video.recorded import check_recorded, film_recorded
from racetui.video.writers import VideoError

__all__ = ["CHOICES", "Camera", "VideoError", "VideoPlan", "check_recorded", "film_recorded"]
