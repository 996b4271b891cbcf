"""Mail in the lab: senders, exchangers, mailbox providers that judge, a list, a forwarder, reports."""
