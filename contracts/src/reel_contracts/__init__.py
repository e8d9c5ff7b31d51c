"""Everything that crosses a service boundary: msgspec Structs, and nothing else."""
