"""Generated from `specs/kir.proto` by `make proto`; edit that file, never this folder."""
