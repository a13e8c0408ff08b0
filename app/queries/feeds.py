"""What a feed needs beside its stories: the section that it is of."""

SECTION = "SELECT id, path, name, description FROM section WHERE path = :name OR id = :name"

FORMER_SECTION = (
    "SELECT s.path FROM former_slug f JOIN section s ON s.id = f.object_id"
    " WHERE f.noun = 'section' AND f.slug = :name"
)
