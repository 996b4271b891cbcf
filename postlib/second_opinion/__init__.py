"""A second opinion: the same domain as another program sees it, beside what we found. It never changes a report.

    report = check("auroria.post", internet)
    print(second_opinion(report, internet))

The program is checkdmarc, an optional dependency: pip install "postlib[second-opinion]".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from postlib.network import Network
from postlib.report import Report
from postlib.second_opinion.asking import LIMIT, Trouble, ask
from postlib.second_opinion.comparison import about, compare
from postlib.second_opinion.opinion import COLUMNS, Opinion, Outcome, Row, State

__all__ = ["COLUMNS", "LIMIT", "Opinion", "Outcome", "Row", "State", "second_opinion"]

ONE_DAY = timedelta(days=1)


class HasNetwork(Protocol):
    """An Internet: something that has a Network."""

    @property
    def network(self) -> Network:
        """The Network to look through."""
        ...


def second_opinion(report: Report, internet: Network | HasNetwork | None = None, *, limit: float = LIMIT) -> Opinion:
    """What checkdmarc says of the report's subject on the same Internet, beside the report, within `limit` seconds.

    Where there is no opinion (not installed, no answer in time, a crash), the Opinion says why; nothing is raised.
    """
    network = Network() if internet is None else internet if isinstance(internet, Network) else internet.network
    try:
        said = ask(report.subject, network, limit)
    except Trouble as trouble:
        return Opinion(report.subject, trouble=trouble.reason, detail=trouble.detail)
    same_day = abs(network.clock.now() - datetime.now(UTC)) < ONE_DAY
    areas = compare(report, said.answers, about(said.notes, report.subject), same_day=same_day)
    return Opinion(report.subject, said.version, areas, refused=said.refused)
