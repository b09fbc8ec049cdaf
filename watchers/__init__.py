"""Intake: from a file in the watched folder to a report in the store."""
