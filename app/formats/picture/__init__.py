"""Files of images: what they are, what they say of themselves, and where they were taken no more."""
