"""How people see what postlib says: in a notebook, a terminal, a mail, a wiki, a spreadsheet, a page. Status is never colour alone.

`register()` tells a running IPython; it imports nothing else, so the rest of the display is loaded when something is shown.
"""

from postlib.display.jupyter import register

__all__ = ["register"]
