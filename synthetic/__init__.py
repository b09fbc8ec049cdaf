"""A simulated practice: patients, reports in every format, and the truth about each."""
