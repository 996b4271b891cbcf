"""The cases of the labs: one file a lab, each with `draw`."""
