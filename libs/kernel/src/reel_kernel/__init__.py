"""What every part of Reel agrees on: errors, state tables, time, ids, source media. Pure."""
