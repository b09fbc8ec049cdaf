"""Structure of a report: sections, findings with assertion, measurements with range. Offsets only."""
