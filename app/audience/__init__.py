"""Counts page views and computes what is read most.
Public modules: `beacons` (views that readers' browsers report) and `trending`.
It does not know how stories are written or rendered.
"""
