"""`python -m runtime.cli`, the same as `kir`."""

from runtime.cli import main

main()
