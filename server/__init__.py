"""Serving: the llama.cpp engine, its hot swap, and the one listening gateway."""
