"""Showing in Jupyter: formatters that IPython calls for our classes, found by name, so that nothing is imported before it is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from postlib.display import mistakes

Bundle = dict[str, str]
Shower = Callable[[Any], Bundle | None]


def report(shown: Any) -> Bundle:
    """A Report."""
    from postlib.display import plain, web

    return {"text/plain": plain.text(shown), "text/html": web.html(shown)}


def finding(shown: Any) -> Bundle:
    """A Finding: its line of a report."""
    from postlib.display import plain, web

    return {"text/plain": plain.one(shown), "text/html": web.one(shown)}


def spf(shown: Any) -> Bundle:
    """An spf.Outcome."""
    from postlib.display import spf, spf_tree

    return {"text/plain": spf.tree(shown), "text/html": spf_tree.html(shown)}


def kept(shown: Any) -> Bundle:
    """A Kept: one letter."""
    from postlib.display import letter

    return {"text/plain": letter.text(shown), "text/html": letter.html(shown)}


def delivery(shown: Any) -> Bundle:
    """A Delivery: a conversation with a mail server."""
    from postlib.display import conversation, ladder

    return {"text/plain": conversation.transcript(shown).text(), "text/html": ladder.html(shown)}


def case(shown: Any) -> Bundle:
    """A Case of a lab."""
    from postlib.display import judged

    return {"text/plain": judged.case_text(shown), "text/html": judged.case_html(shown)}


def judged(shown: Any) -> Bundle:
    """A Judged: what a judge tried, and what became of it."""
    from postlib.display import judged

    return {"text/plain": judged.judged_text(shown), "text/html": judged.judged_html(shown)}


def _tabled(name: str) -> Shower:
    def show(shown: Any) -> Bundle:
        from postlib.display import mail

        table = getattr(mail, name)(shown)
        return {"text/plain": table.text(), "text/html": table.html()}

    return show


def evaluation(shown: Any) -> Bundle:
    """A dmarc.Evaluation: which confirmed names are the author's."""
    from postlib.display import authentication

    table = authentication.evaluation(shown)
    return {"text/plain": table.text(), "text/html": table.html()}


def discovery(shown: Any) -> Bundle:
    """A dmarc.Discovery: the tree walk."""
    from postlib.display import tree_walk

    return {"text/plain": tree_walk.table_of(shown).text(), "text/html": tree_walk.html(shown)}


def several(shown: Any) -> Bundle | None:
    """A list or tuple of kept messages, DKIM signatures or acts; None, so that IPython shows it its own way, for any other."""
    from postlib.display import authentication, mail, plan

    kinds = {type(member).__name__ for member in shown}
    if not shown or len(kinds) > 1:
        return None
    if kinds == {"Kept"} and hasattr(shown[0], "decision"):
        table = mail.mailbox(shown)
    elif kinds == {"Signature"} and hasattr(shown[0], "selector"):
        table = authentication.signatures(shown)
    elif kinds == {"dict"} and all("act" in act for act in shown):
        table = plan.plan(shown)
    else:
        return None
    return {"text/plain": table.text(), "text/html": table.html()}


def undone(shown: Any) -> Bundle | None:
    """Acts that were taken back."""
    from postlib.display import plan

    table = plan.undone(shown)
    return {"text/plain": table.text(), "text/html": table.html()}


FORMATTERS: dict[tuple[str, str], Shower] = {
    ("postlib.report", "Report"): report,
    ("postlib.finding", "Finding"): finding,
    ("postlib.protocols.spf.outcome", "Outcome"): spf,
    ("postlib.lab.mail.campaigns", "Campaign"): _tabled("campaign"),
    ("postlib.lab.mail.sender", "Sent"): _tabled("sent"),
    ("postlib.lab.mail.mailbox", "Kept"): kept,
    ("postlib.protocols.smtp.delivery", "Delivery"): delivery,
    ("postlib.protocols.dmarc.evaluate", "Evaluation"): evaluation,
    ("postlib.protocols.dmarc.discovery", "Discovery"): discovery,
    ("postlib.course.seeds", "Case"): case,
    ("postlib.lab.journal", "Undone"): undone,
    ("postlib.course.outcome", "Judged"): judged,
}


def text(shown: Any) -> str:
    """What a terminal shows of one of our classes. Raises TypeError for anything else."""
    kind = type(shown)
    shower = FORMATTERS.get((kind.__module__, kind.__name__)) or (several if isinstance(shown, list | tuple) else None)
    bundle = shower(shown) if shower is not None else None
    if bundle is None:
        raise TypeError(f"postlib has no text for a {kind.__name__}: {', '.join(name for _, name in FORMATTERS)}, letters or a journal")
    return bundle["text/plain"]


def register() -> bool:
    """Tell a running IPython how to show our classes. Returns whether there is one; a second call changes nothing."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return False
    bundles = shell.display_formatter.mimebundle_formatter
    for (module, name), shower in FORMATTERS.items():
        bundles.for_type_by_name(module, name, _bundled(shower))
    plain = shell.display_formatter.formatters["text/plain"]
    for kind in (list, tuple):
        bundles.for_type(kind, _bundled(several))
        usual = plain.lookup_by_type(kind)
        if usual.__module__ != __name__:
            plain.for_type(kind, _printed(usual))
    mistakes.register(shell)
    return True


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext postlib.display.jupyter`, or a kernel's configuration: the same before anything of postlib is imported."""
    register()


def _printed(usual: Callable[..., None]) -> Callable[..., None]:
    """IPython's own printer of a list comes before any bundle's text, so it is asked to let ours go first."""

    def printed(shown: Any, printer: Any, cycle: bool) -> None:
        bundle = None if cycle else several(shown)
        if bundle is None:
            usual(shown, printer, cycle)
        else:
            printer.text(bundle["text/plain"])

    return printed


def _bundled(shower: Shower) -> Callable[..., Bundle | None]:
    def bundle(shown: Any, include: Any = None, exclude: Any = None) -> Bundle | None:
        return shower(shown)

    return bundle
