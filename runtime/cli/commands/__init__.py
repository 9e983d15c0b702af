"""The commands of `kir`, a module each, which holds a function of the same name."""
