"""The command line `kir`."""

from runtime.cli.app import main as main
