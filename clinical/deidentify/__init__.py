"""De-identification: layers that find identifiers, united, and the replacement of what they find."""
