"""Grade the labs with nbgrader: hand out, collect, grade, give feedback, export. For instructors; README.md shows the way."""
