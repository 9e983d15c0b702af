"""Programs: what a model is compiled to, one a purpose."""
