"""``python -m daemon`` is the same program as ``digital-life``."""

from daemon.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
