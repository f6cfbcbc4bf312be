"""The console's pages: server-made shells, the files they load, and the words they show."""
