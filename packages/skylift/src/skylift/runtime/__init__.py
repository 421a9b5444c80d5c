"""What runs in every step's process; it imports no cloud SDK and no plugin it can do without."""
