"""Stacks and components that have names: the TOML file they stand in, and what is made of them."""
