"""Many searches compared: by methods, seeds and tasks, on a table and on a surrogate of it."""
