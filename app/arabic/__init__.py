"""Arabic as a first language: folding, slugs, dates."""
