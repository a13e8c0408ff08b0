"""`make bench`: figures beside the bare server's, in one run. See docs/performance.md."""
