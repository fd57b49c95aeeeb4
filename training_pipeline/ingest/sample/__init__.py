"""A calibrated generator of the 2021 scheme; no public purchase data of the programme exists."""
