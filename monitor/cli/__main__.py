"""`python -m monitor.cli`: the same as `rareframe`, for where the script is not on the path."""

from monitor.cli import main

main()
