"""The commands of `postlib`, one a file. They import what they need when they run, so that `postlib --help` is quick."""
