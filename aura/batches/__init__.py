"""Many pictures at once: lists of prompts and grids that outlive the studio they began in."""
