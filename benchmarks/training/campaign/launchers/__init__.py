"""Launchers: how workers of a campaign are started on other machines, by Ray or by Slurm."""
