"""Files of images over HTTP: what they are is read from their bytes, and where they were taken goes."""

import io
import time
from typing import Any

import httpx
import pytest
from PIL import Image, PngImagePlugin

from app.db.database import Database
from app.http.edge import LARGEST_IMAGE
from app.ingest import pages
from app.media import inspection
from tests.conftest import Client
from tests.desk.test_writing import faults, made, match
from tests.ingest.test_import_page import page_of

Json = dict[str, Any]
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
GPS, DETAILS, ORIENTATION, SUBJECT = 0x8825, 0x8769, 0x0112, 0x9214
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 photoshop:Credit="Reuters" exif:GPSLatitude="33,53.2071N">
<exif:GPSLongitude>35,30.0213E</exif:GPSLongitude>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Rain over the hills</rdf:li>
<rdf:li xml:lang="ar">مطر فوق التلال</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>Omar Nasser</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© 2026 Reuters</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def picture(kind: str = "JPEG", size: tuple[int, int] = (200, 100), *, said: bool = False) -> bytes:
    """A file; with `said` it has captions, a credit, and the place where it was taken."""
    image, out = Image.new("RGB", size, (200, 30, 40)), io.BytesIO()
    more: Json = {}
    if said:
        exif = Image.Exif()
        exif[ORIENTATION], exif[0x010E] = 6, "OLYMPUS DIGITAL CAMERA"
        exif.get_ifd(GPS).update({1: "N", 2: (33.0, 53.0, 12.4), 3: "E", 4: (35.0, 30.0, 1.3)})
        exif.get_ifd(DETAILS)[SUBJECT] = (50, 25)
        more = {"exif": exif, "xmp": XMP.encode()}
    if said and kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP)
        info.add_text("Raw profile type exif", "33,53.2071N", zip=True)
        more = {"exif": more["exif"], "pnginfo": info}
    image.save(out, kind, **more)
    return out.getvalue()


def upload(
    editor: Client, data: bytes, image: Any = None, media: str = "image/jpeg"
) -> httpx.Response:
    """POST a file: in a form with JSON, or alone."""
    if image is None:
        return editor.post("/v1/images", content=data, headers={"Content-Type": media})
    parts = {
        "file": ("x.svg", data, "image/svg+xml"),
        "image": (None, httpx.Request("POST", "/", json=image).content, "application/json"),
    }
    return editor.post("/v1/images", files=parts)


@pytest.mark.parametrize("shape", FORMATS)
def test_the_format_is_read_from_the_content(shape: str) -> None:
    one = inspection.inspect(
        picture(shape) + (b"PK\3\4 an archive" if shape not in ("GIF", "AVIF") else b"")
    )
    assert (one.mime, one.width, one.height) == (f"image/{shape.lower()}", 200, 100)
    assert one.color and one.color[1:3] in ("c7", "c8", "c9")
    assert inspection.inspect(one.data).data == one.data
    assert b"an archive" not in one.data
    assert (one.focal, one.told.caption, one.warnings) == (None, {}, [])


@pytest.mark.parametrize("shape", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_location_is_blanked_and_other_metadata_stays(shape: str) -> None:
    sent = picture(shape, said=True)
    one = inspection.inspect(sent)
    assert (one.width, one.height, one.focal) == (100, 200, (0.75, 0.25))
    assert one.told.caption == {None: "Rain over the hills", "ar": "مطر فوق التلال"}
    assert (one.told.credit, one.told.creator) == ("Reuters", "Omar Nasser")
    assert one.told.copyright == "© 2026 Reuters"
    assert "GPS" in one.warnings[0]
    for secret in (b"33,53", b"35,30"):
        assert secret in sent and secret not in one.data
    with Image.open(io.BytesIO(sent)) as before, Image.open(io.BytesIO(one.data)) as after:
        assert after.getexif().get_ifd(GPS) == {} != before.getexif().get_ifd(GPS)
        assert after.getexif()[ORIENTATION] == 6
        assert after.tobytes() == before.tobytes()


def many(head: bytes, part: bytes, size: int = 20_000_000) -> bytes:
    return head + part * (size // len(part))


GIF = b"GIF89a\1\0\1\0\0\0\0"
TIFF = b"II*\0\x08\0\0\0\x01\0\x25\x88\x04\0\1\0\0\0\x08\0\0\0"


def bomb(kind: str, size: tuple[int, int]) -> bytes:
    """A small file that means a large picture."""
    out = io.BytesIO()
    Image.new("1", size).save(out, kind)
    return out.getvalue()


def test_a_file_that_is_no_image_is_refused_early() -> None:
    jpeg = picture()
    for data in (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"%PDF-1.7 x",
        b"\0\0\0\x1cftypheic\0\0\0\0heic", b"BM" + b"\0" * 60, b"II*\0" + b"\0" * 60, b"x", b"\xff\xd8\xff",
        jpeg[: len(jpeg) // 2], picture("PNG")[:60], picture("GIF")[:20], picture("WEBP")[:40], picture("AVIF")[:200],
        bomb("PNG", (20_000, 20_000)), bomb("GIF", (12_000, 12_000)), bomb("PNG", (31_000, 2)),
        many(b"\xff\xd8\xff", b"a"), many(b"\xff\xd8\xff", b"\xff"), many(b"\xff\xd8", b"\xff\xe1\0\2"),
        many(b"\xff\xd8\xff\xe0\0\2", b"\xff\xda\0\2"), many(b"\xff\xd8\xff\xe0\xff\xff", b":GPSA=\""),
        many(b"\xff\xd8\xff\xe0\xff\xff", TIFF), many(b"\x89PNG\r\n\x1a\n", b"\0\0\0\0tEXtabcd"),
        many(GIF, b"!\xfe\0"), many(GIF + b"!\xfe", b"\1a"), many(b"RIFF\xff\xff\xff\1WEBPVP8X", b"\0"),
    ):  # fmt: skip
        began = time.monotonic()
        with pytest.raises(inspection.NotAnImage) as told:
            inspection.inspect(data)
        assert str(told.value).endswith(".") and time.monotonic() - began < 5, data[:30]


def test_an_image_is_uploaded_with_its_texts(client: Client, editor: Client) -> None:
    sent = {
        "alt": {"en": "Rain"},
        "credit": None,
        "rights": {"territories": ["LB"]},
        "source": "afp",
    }
    answer = upload(editor, picture("PNG"), sent)
    assert answer.status_code == 201, answer.text
    image = answer.json()
    assert (image["mime"], image["width"], image["height"]) == ("image/png", 200, 100)
    assert (image["alt"], image["source"]["slug"], image["rights"]["territories"]) == (
        {"en": "Rain"},
        "afp",
        ["LB"],
    )
    assert image["color"] == "#c81e28" and image["renditions"][0]["bytes"] == image["bytes"]
    file = editor.get(image["url"])
    assert (file.status_code, file.headers["content-type"]) == (200, "image/png")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert client.get(image["url"]).status_code == 404, "no reader sees what no story shows"
    again = upload(editor, picture("PNG"), media="text/plain; image")
    assert again.status_code == 415
    again = upload(editor, picture("PNG"), media="image/svg+xml").json()
    assert again["url"] == image["url"] and again["id"] != image["id"]
    assert again["mime"] == "image/png"


def test_metadata_of_the_file_fills_missing_texts(editor: Client) -> None:
    image = upload(editor, picture(said=True)).json()
    assert image["caption"] == {"en": "Rain over the hills", "ar": "مطر فوق التلال"}
    assert (image["credit"], image["source"]["slug"]) == ({"en": "Reuters"}, "reuters")
    assert (image["photographer"], image["copyright"]) == ("Omar Nasser", "© 2026 Reuters")
    assert (image["focal_point"], image["width"]) == ({"x": 0.75, "y": 0.25}, 100)
    told = " ".join(image["warnings"])
    assert "GPS" in told and "caption, credit, photographer, copyright, source" in told
    assert "33,53" not in editor.get(f"/v1/images/{image['id']}").text
    assert b"33,53" not in editor.get(image["url"]).content
    own = {
        "caption": {"en": "Mine"},
        "credit": None,
        "photographer": None,
        "source": None,
        "focal_point": None,
    }
    image = upload(editor, picture(said=True), own).json()
    assert (image["caption"], image["credit"], image["photographer"]) == ({"en": "Mine"}, {}, None)
    assert (image["source"], image["focal_point"], image["copyright"]) == (
        None,
        None,
        "© 2026 Reuters",
    )


def test_metadata_that_the_api_would_refuse_is_cut_or_ignored(editor: Client) -> None:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x013B], xmp = "x" * 900, XMP.replace("Rain over", "Rain\u202e over")
    Image.new("RGB", (9, 9)).save(
        out, "JPEG", exif=exif, xmp=xmp.replace("dc:creator", "dc:other").encode()
    )
    image = upload(editor, out.getvalue()).json()
    assert image["caption"] == {"ar": "مطر فوق التلال"} and len(image["photographer"]) == 500


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"--b--", 422), (b"--b\r\n\r\nx\r\n--b--", 400), (b"junk", 400), (b"--b\r\n", 400),
     (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx', 400),
     (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--', 422),
     (b'--b\r\nContent-Disposition: form-data; name="flie"\r\n\r\nx\r\n--b--', 422),
     (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n{\r\n--b--', 400),
     (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n{}\r\n--b--', 422),
     (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n{}\r\n' * 2 + b"--b--", 422),
     (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n{}\r\n' * 999 + b"--b--", 400)],
)  # fmt: skip
def test_an_invalid_form_is_refused(editor: Client, content: bytes, status: int) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = editor.post("/v1/images", content=content, headers=form)
    assert answer.status_code == status, answer.text
    if b"flie" in content:
        assert "'file'" in faults(answer)["#/flie"]


def test_invalid_texts_beside_a_file_are_422(editor: Client) -> None:
    sent = {
        "credit": {"EN": "x"},
        "width": 3,
        "focal_point": {"x": 2, "y": 0},
        "rights": {"territories": ["UK"], "valid_until": "2026-01-01"},
        "captoin": {},
    }
    told = faults(upload(editor, picture(), sent))
    assert set(told) == {
        "#/credit/EN",
        "#/width",
        "#/focal_point/x",
        "#/rights/territories/0",
        "#/rights/valid_until",
        "#/captoin",
    }
    assert "…/file" in told["#/width"] and "caption" in told["#/captoin"]
    assert faults(upload(editor, picture(), []))["#"]
    assert (
        editor.post(
            "/v1/images", content=b"x", headers={"Content-Type": "multipart/form-data"}
        ).status_code
        == 400
    )


def test_an_image_file_has_its_own_size_limit(editor: Client) -> None:
    padded = picture("GIF") + b"\0" * 12_000_000
    assert upload(editor, padded).status_code == 201
    over = b"\xff\xd8\xff" + b"\0" * LARGEST_IMAGE
    assert upload(editor, over).status_code == 413
    tags = editor.post("/v1/tags", content=padded, headers={"Content-Type": "application/json"})
    assert tags.status_code == 413


def test_the_file_of_an_image_can_be_replaced(client: Client, editor: Client, told: Any) -> None:
    image = upload(
        editor, picture(), {"credit": {"en": "A"}, "focal_point": {"x": 0.1, "y": 0.2}}
    ).json()
    who = editor.post(
        "/v1/contributors", json={"name": {"ar": "ليلى"}, "image": image["id"]}
    ).json()
    told(slug="one", lead_image={"id": image["id"]})
    told(slug="two", contributors=[{"contributor": who["id"]}])
    url, data = f"/v1/images/{image['id']}/file", picture("WEBP", (300, 300), said=True)
    webp = {"Content-Type": "image/webp"}
    assert editor.put(url, content=data, headers=webp).status_code == 428
    answer = editor.put(url, content=data, headers=webp | match(image))
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert (after["rerendered"], after["version"], after["mime"]) == (2, 2, "image/webp")
    assert (after["credit"], after["focal_point"], after["caption"]) == (
        {"en": "A"},
        {"x": 0.1, "y": 0.2},
        {},
    )
    assert "shape" in " ".join(after["warnings"])
    assert client.get("/v1/articles/one").json()["lead_image"]["url"] == after["url"]
    assert client.get("/v1/articles/two").json()["contributors"][0]["image"] == after["url"]
    assert client.get(image["url"]).status_code == 404
    assert client.get(after["url"]).status_code == 200
    form = editor.put(url, files={"file": ("a.png", picture("PNG"))}, headers=match(after))
    assert form.json()["mime"] == "image/png"
    assert "#" in faults(
        editor.put(
            url, content=b"<svg/>", headers={"Content-Type": "image/svg+xml"} | match(form.json())
        )
    )
    assert editor.put(url, json={}, headers=match(form.json())).status_code == 415
    assert client.put(url, content=data, headers=webp).status_code == 401


def test_the_same_upload_again_is_done_once(editor: Client) -> None:
    headers = {"Idempotency-Key": "one", "Content-Type": "image/jpeg"}
    first = editor.post("/v1/images", content=picture(), headers=headers)
    again = editor.post("/v1/images", content=picture(), headers=headers)
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    refused = [
        editor.post("/v1/images", content=b"x", headers=headers | {"Idempotency-Key": "two"})
        for _ in range(2)
    ]
    assert [one.status_code for one in refused] == [422, 422]
    assert refused[1].headers["idempotency-replayed"] == "true"


def test_correcting_a_credit_changes_every_story(client: Client, editor: Client, told: Any) -> None:
    image = upload(editor, picture(), {"credit": {"en": "Wrong"}}).json()
    told(slug="one", lead_image={"id": image["id"]})
    story = editor.get("/v1/articles/one").json()
    fixed = editor.patch(
        f"/v1/images/{image['id']}", json={"credit": {"en": "Right"}}, headers=match(image)
    )
    assert fixed.json()["rerendered"] == 1
    assert client.get("/v1/articles/one").json()["lead_image"]["credit"] == "Right"
    mine = editor.put("/v1/articles/one", json={"headline": "Mine"}, headers=match(story))
    assert mine.status_code == 200, "a colleague's fix disturbs nobody"
    assert mine.json()["lead_image"]["credit"] == "Right"


BARE: Json = {"alt": {"en": "Rain"}}


def test_an_image_without_a_credit_blocks_publication(client: Client, editor: Client) -> None:
    bare, named, free, theirs = (
        upload(editor, picture(), BARE | more).json()["id"]
        for more in ({}, {"credit": {"fr": "A."}}, {"rights": {"public_domain": True}}, {"source": "afp"})
    )  # fmt: skip
    good = [{"type": "gallery", "images": [{"id": one} for one in (named, free, theirs)]}]
    body: list[Json] = [*good, {"type": "figure", "image": {"id": bare}}]
    story = made(editor, lead_image={"id": bare}, body=body)
    url = f"/v1/articles/{story['id']}"
    told = faults(editor.put(f"{url}/publication"))
    assert set(told) == {"#/lead_image", "#/body/1/image"} and bare in told["#/lead_image"]
    assert client.get(url).status_code == 404
    body[1]["image"]["credit"] = "B."
    story = editor.put(
        url, json={"lead_image": {"id": named}, "body": body}, headers=match(story)
    ).json()
    assert editor.put(f"{url}/publication").status_code == 200
    told = faults(
        editor.put(
            url,
            json={"lead_image": {"id": upload(editor, picture(), BARE).json()["id"]}},
            headers={"If-Match": "*"},
        )
    )
    assert set(told) == {"#/lead_image"}
    kept = editor.put(url, json={"headline": "Else", "body": body[::-1]}, headers={"If-Match": "*"})
    assert kept.status_code == 200, kept.text


def test_an_image_without_a_credit_blocks_a_schedule(editor: Client) -> None:
    story = made(editor, lead_image={"id": upload(editor, picture(), BARE).json()["id"]})
    url = f"/v1/articles/{story['id']}"
    told = faults(editor.put(f"{url}/schedule", json={"at": "2999-01-01T00:00:00Z"}))
    assert set(told) == {"#/lead_image"}


def test_a_withdrawn_image_file_cannot_be_uploaded_again(editor: Client) -> None:
    first, other = upload(editor, picture()).json(), upload(editor, picture("PNG")).json()
    url = f"/v1/images/{first['id']}"
    assert editor.put(f"{url}/withdrawal", json={"kind": "kill"}).status_code == 200
    assert upload(editor, picture()).status_code == 409
    jpeg = {"Content-Type": "image/jpeg"}
    swapped = editor.put(
        f"/v1/images/{other['id']}/file", content=picture(), headers=jpeg | match(other)
    )
    assert swapped.status_code == 409
    fresh = editor.put(f"{url}/file", content=picture("GIF"), headers=jpeg | {"If-Match": "*"})
    assert fresh.status_code == 409
    assert editor.patch(url, json={}, headers={"If-Match": "*"}).status_code == 409


def test_an_import_publishes_an_image_without_a_credit_and_warns(
    client: Client, db: Database
) -> None:
    page = page_of(
        "<html lang=en><head><title>Rain in the hills</title></head><body><article><h1>Rain in the hills</h1><figure><img src='https://x.example/a.jpg' alt='Hills'><figcaption>Hills in the rain</figcaption></figure><p>It rained in the hills for the whole of the day, and the river rose.</p><p>Nobody was hurt, and the road was open again in the evening.</p></article></body></html>",
        db.settings,
    )
    page.date_line = "12 March 2026"
    [taken] = pages.take(db, [page], pages.Options(publish=True))
    assert isinstance(taken, pages.Taken), taken
    assert any("credit" in one for one in taken.warnings), taken.warnings
    assert client.get(f"/v1/articles/{taken.id}").json()["state"] == "published"
