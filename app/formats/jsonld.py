"""schema.org's NewsArticle (version 30) as JSON-LD: https://schema.org/NewsArticle

A pure function of a story's JSON, whole or a card. Missing values are left out, never null.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.json_types import Json

CONTEXT = "https://schema.org"
TYPES = {
    "news": "ReportageNewsArticle", "analysis": "AnalysisNewsArticle",
    "opinion": "OpinionNewsArticle", "explainer": "BackgroundNewsArticle",
}  # fmt: skip
OTHER = "NewsArticle"
ROLES = {"reporter": "author", "editor": "editor", "translator": "translator"}
"""Properties of contributors; any other role is a `contributor`."""

THINGS = {"person": "Person", "place": "Place", "organisation": "Organization", "event": "Event"}
PIXELS = "E37"
"""UN/CEFACT code of a pixel."""


@dataclass(frozen=True)
class Publisher:
    """The publisher's name, URL and language."""

    name: str
    url: str
    default_lang: str


def render(story: Json, house: Publisher) -> Json:
    """Return the story as a NewsArticle."""
    lang = story["lang"]

    def named(names: Json | None) -> str | None:
        found = names or {}
        return found.get(lang) or found.get(house.default_lang) or next(iter(found.values()), None)

    publisher = {"@type": "Organization", "name": house.name, "url": house.url}
    published = story["first_published_at"] or story["published_at"]
    return without_empty({
        "@context": CONTEXT, "@type": TYPES.get(story["kind"], OTHER), "@id": story["url"],
        "url": story["url"], "mainEntityOfPage": story["url"], "identifier": story["id"],
        "headline": story["headline"], "alternativeHeadline": story["short_headline"],
        "description": story["summary"], "inLanguage": lang,
        "datePublished": published, "dateModified": story["updated_at"] or published,
        "expires": story["expires_at"], "version": story["version"],
        "image": [image(one, named) for one in pictures(story) if one["url"]],
        "video": [recording(one, "VideoObject", story) for one in of_type(story, "video")],
        "audio": [recording(one, "AudioObject", story) for one in of_type(story, "audio")],
        **people(story, named, publisher), "publisher": publisher,
        "sourceOrganization": [organisation(one, named) for one in story["sources"]],
        "isBasedOn": based_on(story, named),
        "creditText": named(story["credit_line_override"] or story["credit_line"]),
        "copyrightHolder": publisher, "copyrightYear": int(published[:4]) if published else None,
        "articleSection": named(story["section"]["name"]) if story["section"] else None,
        "keywords": [named(tag["name"]) for tag in story["tags"]],
        "about": [about(tag, named) for tag in story["tags"] if tag["type"] in THINGS],
        "correction": [
            {"@type": "CorrectionComment", "text": named(one["text"]), "datePublished": one["at"]}
            for one in story.get("corrections") or ()
        ],
        "workTranslation": [
            {"@type": OTHER, "@id": one["url"], "url": one["url"], "inLanguage": one["lang"],
             "headline": one["headline"]}
            for one in story["translations"]
        ],
        "wordCount": story["word_count"] or None,
        "timeRequired": f"PT{story['read_minutes']}M" if story["read_minutes"] else None,
        "usageInfo": terms(story) if is_url(terms(story)) else None,
    })  # fmt: skip


Named = Callable[[Json | None], str | None]


def without_empty(values: Json) -> Json:
    """Return only the values that are not empty."""
    return {name: one for name, one in values.items() if one not in (None, "", [])}


def terms(story: Json) -> str | None:
    said = (story.get("rights") or {}).get("usage_terms")
    return str(said) if said else None


def is_url(text: str | None) -> bool:
    return text is not None and text.startswith(("https://", "http://")) and " " not in text


def blocks(story: Json) -> list[Json]:
    """Return the blocks that are not withheld."""
    body = story.get("body")
    return [one for one in body if not one["withheld"]] if isinstance(body, list) else []


def of_type(story: Json, kind: str) -> list[Json]:
    return [one for one in blocks(story) if one["type"] == kind and one["url"]]


def pictures(story: Json) -> list[Json]:
    """Return the lead image and those of the text, each once."""
    uses = [story["lead_image"]] if story["lead_image"] else []
    for one in blocks(story):
        uses += one.get("images") or ([one["image"]] if one.get("image") else [])
    return list({one["id"]: one for one in reversed(uses)}.values())[::-1]


def image(use: Json, named: Named) -> Json:
    """Return an image with its credit."""
    source = use["source"]
    person = {"@type": "Person", "name": use["photographer"]} if use["photographer"] else None
    house = organisation(source, named) if source else None
    return without_empty({
        "@type": "ImageObject", "contentUrl": use["url"], "url": use["url"],
        "width": pixels(use["width"]), "height": pixels(use["height"]),
        "caption": use["caption"], "description": use["alt"], "creditText": use["credit"],
        "creator": person or house, "provider": house, "copyrightNotice": use["copyright"],
        "inLanguage": use["lang"],
    })  # fmt: skip


def pixels(count: int | None) -> Json | None:
    if not count:
        return None
    return {"@type": "QuantitativeValue", "value": count, "unitCode": PIXELS}


def recording(block: Json, kind: str, story: Json) -> Json:
    """Return a video or audio."""
    seconds = block["duration"]
    return without_empty({
        "@type": kind, "name": block["caption"] or story["headline"], "contentUrl": block["url"],
        "encodingFormat": block["mime"], "caption": block["caption"],
        "duration": f"PT{seconds:g}S" if seconds else None, "thumbnailUrl": block["poster"],
        "creditText": block["credit"], "description": story["summary"],
        "uploadDate": story["first_published_at"] or story["published_at"],
    })  # fmt: skip


def people(story: Json, named: Named, publisher: Json) -> Json:
    """Return people by what they did; without a reporter the publisher is the author."""
    found: dict[str, list[Json]] = {"author": []}
    for who in story["contributors"]:
        person = without_empty({
            "@type": "Person", "name": named(who["name"]), "url": who["url"],
            "jobTitle": named(who["title"]), "image": who["image"],
        })  # fmt: skip
        found.setdefault(ROLES.get(who["role"], "contributor"), []).append(person)
    return {**found, "author": found["author"] or [publisher]}


def organisation(source: Json, named: Named) -> Json:
    kind = "Person" if source["kind"] == "person" else "Organization"
    return without_empty({"@type": kind, "name": named(source["name"]), "url": source["url"]})


def based_on(story: Json, named: Named) -> list[Json]:
    """Return the works that the story is based on, one for each link of the chain that names one."""
    found = []
    for link in story.get("attributions") or ():
        if link["scope"].get("image"):
            continue
        found.append(without_empty({
            "@type": "CreativeWork", "url": link["url"], "identifier": link["dispatch_id"],
            "provider": organisation(link["source"], named), "datePublished": link["stated_at"],
            "description": link["note"],
        }))  # fmt: skip
    return found


def about(tag: Json, named: Named) -> Json:
    return without_empty(
        {"@type": THINGS[tag["type"]], "name": named(tag["name"]), "url": tag["url"]}
    )
