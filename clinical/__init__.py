"""Clinical text, pure: text in, values out; reads only the rules and weights packaged beside it."""
