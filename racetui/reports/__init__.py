"""What a run came to, for programs and for people: ``benchmark_metrics.json``, and reports with pictures."""

from racetui.reports.metrics import METRICS_FILE, benchmark_metrics, keep_benchmark_metrics, write_benchmark_metrics

__all__ = ["METRICS_FILE", "benchmark_metrics", "keep_benchmark_metrics", "write_benchmark_metrics"]
