"""The call handlers' desk: a JSON interface that the web console and the command line share."""
