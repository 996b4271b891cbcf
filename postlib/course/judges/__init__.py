"""The judges of the labs: one file a lab, each with `play`. Open to read: grading plays the same, with other mail of the same kinds."""
