"""How people see what postlib says: in a notebook, a terminal, a mail, a wiki, a spreadsheet, a page. Status is never colour alone.

`register()` tells a running IPython, `text(thing)` is what a terminal shows; neither imports anything else before it is used.
"""

from postlib.display.jupyter import register, text

__all__ = ["register", "text"]
