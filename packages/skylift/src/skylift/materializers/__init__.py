"""How values become files in the store, and values again."""
