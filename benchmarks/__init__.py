"""What the project costs, measured on this machine next to something it can be compared with."""
