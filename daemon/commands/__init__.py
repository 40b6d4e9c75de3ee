"""The subcommands of ``digital-life``, one file for each group that belongs together."""
