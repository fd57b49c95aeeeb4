"""Trust in a measurement: all metrics of a replay, intervals, segments, comparisons, exports."""
