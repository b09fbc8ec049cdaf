"""Answers on reports: one file a task, every sentence with its evidence."""
