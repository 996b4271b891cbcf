"""`make bench`: what we measure, side by side with other people's programs in one run, as ratios.

A row is a function in a module of this folder:

    @row("reports", unit="records/s", target=8, more_is_better=True)
    def reports() -> Measured:
        '''Aggregate-report records a second against parsedmarc offline, which also names each address's network.'''
        return paired(ours, peer)

Its docstring is what the table says below the figures. Each row runs in a process of its own.
"""
