"""Does a report support a sentence? Claims, their alignment to the report, and what vetoes them."""
