"""Image files: what they are, what they say of themselves, their location removed, where they are
stored.
Public modules: `inspection`, `metadata`, `location`, `storage`.
It does not know articles or credits as readers see them.
"""
