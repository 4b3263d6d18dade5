# SPDX-License-Identifier: MIT
"""Is standard input OpenMetrics text? The reference parser says."""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older

text = sys.stdin.read()
families = {family.name for family in text_string_to_metric_families(text)}
# As the node exporter's textfile collector reads it.
list(older(text))
print(f"# {len(families)} families")
