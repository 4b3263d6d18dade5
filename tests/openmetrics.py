# SPDX-License-Identifier: MIT
"""Is standard input OpenMetrics text? The reference parser says."""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older

text = sys.stdin.read()
try:
    families = list(text_string_to_metric_families(text))
    # As the node exporter's textfile collector reads it.
    list(older(text))
except ValueError as why:
    sys.exit(f"# not OpenMetrics: {why}")
print(f"# {len(families)} families")
