"""Pictures for the demo stories, drawn by us: flat landscapes of a harbour town that does not exist."""

import io
import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1280, 800
PORTRAIT = (800, 800)
Colour = tuple[int, int, int]
Scene = Callable[["Canvas"], None]
SCENES: dict[str, Scene] = {}


def scene(draw: Scene) -> Scene:
    """Register a scene under its function's name, with hyphens."""
    SCENES[draw.__name__.replace("_", "-")] = draw
    return draw


def draw(name: str) -> bytes:
    """A JPEG of the scene of this name; the same name draws the same picture."""
    size = PORTRAIT if name.startswith("portrait") else (WIDTH, HEIGHT)
    canvas = Canvas(size, Random(name))
    SCENES[name](canvas)
    kept = io.BytesIO()
    canvas.image.filter(ImageFilter.SMOOTH).save(kept, "JPEG", quality=85, optimize=True)
    return kept.getvalue()


def shade(colour: str | Colour, light: float = 1.0) -> Colour:
    """A colour from `#rrggbb`, lighter or darker."""
    if isinstance(colour, str):
        colour = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
    red, green, blue = (max(0, min(255, round(part * light))) for part in colour)
    return red, green, blue


class Canvas:
    """A picture under way, with the few shapes that all scenes are made of."""

    def __init__(self, size: tuple[int, int], random: Random) -> None:
        self.image, self.random = Image.new("RGB", size), random
        self.pen = ImageDraw.Draw(self.image, "RGBA")
        self.width, self.height = size

    def sky(self, top: str, bottom: str, to: int | None = None) -> None:
        above, below, end = shade(top), shade(bottom), to or self.height
        for y in range(end):
            share = y / end
            mixed = tuple(round(a + (b - a) * share) for a, b in zip(above, below, strict=True))
            self.pen.line([(0, y), (self.width, y)], fill=mixed)

    def disc(self, x: float, y: float, radius: float, colour: str, glow: int = 0) -> None:
        red, green, blue = shade(colour)
        for step in range(glow, 0, -1):
            wide = radius + step * 14
            self.pen.ellipse([x - wide, y - wide, x + wide, y + wide], fill=(red, green, blue, 16))
        self.pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=shade(colour))

    def stars(self, count: int, to: int) -> None:
        for _ in range(count):
            x, y = self.random.randrange(self.width), self.random.randrange(to)
            size = self.random.choice([1, 1, 2])
            self.pen.ellipse([x, y, x + size, y + size], fill=(255, 255, 240, 200))

    def sea(self, top: int, colour: str, rough: float = 3, foam: bool = False) -> None:
        self.pen.rectangle([0, top, self.width, self.height], fill=shade(colour))
        for row, y in enumerate(range(top, self.height, 22)):
            light, phase = 1.06 - row * 0.03, self.random.random() * 6
            points = [
                (x, y + math.sin(x / (60 + row * 6) + phase) * rough * (1 + row * 0.25))
                for x in range(-10, self.width + 20, 10)
            ]
            self.pen.polygon(
                [*points, (self.width, self.height), (0, self.height)], fill=shade(colour, light)
            )
            if foam:
                self.pen.line(points, fill=(255, 255, 255, 120), width=3)

    def hills(self, base: int, tall: int, colour: str, wave: float = 180) -> None:
        phase = self.random.random() * 6
        points = [
            (x, base - tall * (0.6 + 0.4 * math.sin(x / wave + phase) * math.sin(x / (wave * 2.7) + phase)))
            for x in range(0, self.width + 10, 10)
        ]  # fmt: skip
        self.pen.polygon([*points, (self.width, self.height), (0, self.height)], fill=shade(colour))

    def box(self, x: float, y: float, wide: float, tall: float, colour: str | Colour) -> None:
        self.pen.rectangle([x, y, x + wide, y + tall], fill=shade(colour))

    def houses(
        self, base: int, colours: list[str], lit: bool, least: int = 60, most: int = 170
    ) -> None:
        """A row of flat-roofed houses with windows, some with a dome."""
        x = -20
        while x < self.width:
            wide, tall = self.random.randrange(70, 130), self.random.randrange(least, most)
            colour = self.random.choice(colours)
            self.box(x, base - tall, wide, tall, colour)
            if self.random.random() < 0.15:
                self.pen.pieslice([x + 10, base - tall - wide * 0.4, x + wide - 10, base - tall + wide * 0.4],
                                  180, 360, fill=shade(colour, 0.9))  # fmt: skip
            for wx in range(x + 14, x + wide - 18, 26):
                for wy in range(base - tall + 18, base - 20, 34):
                    on = lit and self.random.random() < 0.5
                    self.pen.rectangle(
                        [wx, wy, wx + 11, wy + 16],
                        fill=shade("#ffd98a") if on else shade(colour, 0.62),
                    )
            x += wide + self.random.choice([0, 0, 8])

    def boat(self, x: int, y: int, scale: float = 1, hull: str = "#7a3b2e") -> None:
        wide, tall = 150 * scale, 34 * scale
        self.pen.polygon([(x, y), (x + wide, y), (x + wide * 0.86, y + tall), (x + wide * 0.14, y + tall)],
                         fill=shade(hull))  # fmt: skip
        self.box(x + wide * 0.3, y - 26 * scale, wide * 0.34, 26 * scale, "#f2ead8")
        self.pen.line([(x + wide * 0.5, y - 26 * scale), (x + wide * 0.5, y - 96 * scale)],
                      fill=shade("#4a3a30"), width=max(2, round(4 * scale)))  # fmt: skip

    def lighthouse(self, x: int, base: int, lit: bool) -> None:
        if lit:
            for reach in (1, -1):
                self.pen.polygon([(x, base - 318), (x + reach * 620, base - 430), (x + reach * 620, base - 240)],
                                 fill=(255, 240, 180, 60))  # fmt: skip
        self.pen.polygon([(x - 38, base), (x + 38, base), (x + 24, base - 290), (x - 24, base - 290)],
                         fill=shade("#f4efe4"))  # fmt: skip
        for band in range(3):
            y = base - 80 - band * 84
            self.box(x - 33 + band * 4, y, 66 - band * 8, 34, "#b8412f")
        self.box(x - 30, base - 336, 60, 46, "#ffe9a8" if lit else "#cfd8dc")
        self.pen.polygon(
            [(x - 36, base - 336), (x + 36, base - 336), (x, base - 372)], fill=shade("#8c2f22")
        )


@scene
def harbour_day(on: Canvas) -> None:
    on.sky("#7fb8d8", "#f6e7c8", 460)
    on.disc(1010, 150, 52, "#fff3c4", 6)
    on.hills(470, 150, "#9fb58f")
    on.houses(480, ["#e9d9b8", "#dcc39a", "#f3e8d2", "#cfae86"], lit=False)
    on.sea(470, "#2f7f97")
    on.box(0, 474, 620, 26, "#8c7a66")
    for x, y, scale in ((90, 560, 1.2), (420, 620, 1.6), (880, 545, 0.9), (980, 670, 1.9)):
        on.boat(x, y, scale, on.random.choice(["#7a3b2e", "#2c4f73", "#3e6b4f"]))


@scene
def harbour_night(on: Canvas) -> None:
    on.sky("#0c1733", "#33406b", 470)
    on.stars(160, 330)
    on.disc(240, 130, 40, "#f4efd6", 5)
    on.houses(480, ["#2c3350", "#363d5e", "#252b45"], lit=True)
    on.sea(470, "#14264a", 2)
    for _ in range(46):
        x, y = on.random.randrange(on.width), on.random.randrange(490, 760)
        on.pen.line(
            [(x, y), (x + on.random.randrange(20, 90), y)], fill=(255, 217, 138, 110), width=3
        )
    on.lighthouse(1060, 500, lit=True)


@scene
def ferry(on: Canvas) -> None:
    on.sky("#bcd9e6", "#fdf3df", 420)
    on.hills(430, 90, "#8fa9a0", 260)
    on.sea(420, "#3d8ea3", 4)
    on.pen.polygon([(220, 470), (1040, 470), (960, 580), (300, 580)], fill=shade("#f5f2ea"))
    on.pen.polygon([(246, 540), (1004, 540), (960, 590), (300, 590)], fill=shade("#24507a"))
    on.box(380, 380, 480, 90, "#ffffff")
    on.box(470, 310, 280, 70, "#eef1f2")
    on.box(640, 230, 64, 80, "#c8513a")
    for x in range(400, 840, 44):
        on.pen.ellipse([x, 408, x + 24, 432], fill=shade("#2b5d80"))


@scene
def storm_sea(on: Canvas) -> None:
    on.sky("#2d3440", "#7b8794", 430)
    for _ in range(26):
        x, y, wide = (
            on.random.randrange(-60, on.width),
            on.random.randrange(0, 240),
            on.random.randrange(180, 380),
        )
        on.pen.ellipse([x, y, x + wide, y + wide * 0.34], fill=(40, 46, 56, 120))
    on.pen.line(
        [(880, 120), (840, 230), (890, 230), (830, 380)], fill=(255, 250, 220, 230), width=6
    )
    on.sea(400, "#37505f", 16, foam=True)
    on.boat(520, 520, 1.4, "#6b2f2a")
    for _ in range(260):
        x, y = on.random.randrange(on.width), on.random.randrange(on.height)
        on.pen.line([(x, y), (x - 10, y + 28)], fill=(220, 230, 240, 70), width=2)


@scene
def night_train(on: Canvas) -> None:
    on.sky("#141b3c", "#5a4a72", 560)
    on.stars(120, 360)
    on.hills(560, 190, "#2b2a4d", 220)
    on.hills(640, 110, "#1f1f3b", 300)
    on.box(0, 640, on.width, 160, "#15152a")
    on.box(-20, 520, 1150, 100, "#2f5d7c")
    on.pen.polygon([(1130, 520), (1220, 560), (1220, 620), (1130, 620)], fill=shade("#2f5d7c"))
    for x in range(30, 1090, 74):
        on.box(x, 542, 46, 34, "#ffdf9b")
    on.pen.polygon([(1220, 590), (1280, 560), (1280, 640)], fill=(255, 240, 190, 120))
    on.pen.line([(0, 636), (on.width, 636)], fill=shade("#8f8fa8"), width=5)


@scene
def platform(on: Canvas) -> None:
    on.sky("#d9c6b2", "#f3e6d4")
    on.box(0, 560, on.width, 240, "#a89684")
    on.box(0, 540, on.width, 24, "#e8c65a")
    for x in range(120, on.width, 300):
        on.box(x, 180, 26, 370, "#5b5148")
        on.pen.polygon(
            [(x - 130, 180), (x + 156, 180), (x + 110, 130), (x - 84, 130)], fill=shade("#7c4a3a")
        )
    on.pen.ellipse([570, 250, 690, 370], fill=shade("#fffdf5"), outline=shade("#3a332c"), width=8)
    on.pen.line([(630, 310), (630, 268)], fill=shade("#3a332c"), width=6)
    on.pen.line([(630, 310), (664, 324)], fill=shade("#3a332c"), width=6)
    for x in (250, 760, 860):
        person(on, x, 560, on.random.choice(["#3f5d73", "#8a4f3d", "#4d6b4a"]))


def person(on: Canvas, x: int, ground: int, coat: str, scale: float = 1) -> None:
    """Someone who stands and waits."""
    on.disc(x, ground - 150 * scale, 20 * scale, "#c99a73")
    on.pen.rounded_rectangle([x - 27 * scale, ground - 128 * scale, x + 27 * scale, ground - 40 * scale],
                             round(16 * scale), fill=shade(coat))  # fmt: skip
    on.box(x - 20 * scale, ground - 46 * scale, 16 * scale, 46 * scale, shade(coat, 0.6))
    on.box(x + 4 * scale, ground - 46 * scale, 16 * scale, 46 * scale, shade(coat, 0.6))


@scene
def desalination(on: Canvas) -> None:
    on.sky("#8ec5de", "#eaf2ee", 440)
    on.hills(450, 60, "#d9c08d", 320)
    on.box(0, 440, on.width, 140, "#cdb07c")
    for x in (120, 330, 540):
        on.box(x, 280, 170, 200, "#e6ebed")
        on.pen.ellipse([x, 256, x + 170, 306], fill=shade("#c3ced3"))
    for x in range(760, 1200, 110):
        on.box(x, 330, 76, 150, "#7e98a6")
        on.box(x + 28, 210, 18, 120, "#5f7682")
    for y in (500, 524, 548):
        on.box(0, y, on.width, 10, "#4d8fae")
    on.sea(580, "#2b86a0", 3)


@scene
def dunes(on: Canvas) -> None:
    on.sky("#f0b77a", "#fbe6bf")
    on.disc(960, 250, 70, "#fff1cf", 8)
    for base, tall, colour in ((500, 110, "#d99a5a"), (600, 140, "#c98546"), (720, 170, "#b8743a")):
        on.hills(base, tall, colour, 240)
    for n in range(5):
        camel(on, 300 + n * 130, 470 + n * 4)


def camel(on: Canvas, x: int, ground: int) -> None:
    """A camel of a far caravan."""
    dark = shade("#5a3a22")
    on.pen.ellipse([x, ground - 40, x + 62, ground - 14], fill=dark)
    on.pen.ellipse([x + 18, ground - 56, x + 46, ground - 26], fill=dark)
    on.pen.line([(x + 58, ground - 28), (x + 78, ground - 58)], fill=dark, width=8)
    on.pen.ellipse([x + 70, ground - 68, x + 92, ground - 52], fill=dark)
    for leg in (8, 20, 42, 54):
        on.pen.line([(x + leg, ground - 20), (x + leg, ground + 12)], fill=dark, width=5)


def door(on: Canvas, wall: str, leaf: str) -> None:
    """A carved door in an old wall."""
    on.sky(wall, wall)
    for y in range(0, on.height, 80):
        for x in range(-60 if y % 160 else 0, on.width, 160):
            light = 0.94 + on.random.random() * 0.1
            on.pen.rectangle([x, y, x + 156, y + 76], fill=shade(wall, light))
    on.pen.rectangle([400, 240, 880, on.height], fill=shade(wall, 0.7))
    on.pen.pieslice([400, 20, 880, 500], 180, 360, fill=shade(wall, 0.7))
    on.pen.rectangle([440, 270, 840, on.height], fill=shade(leaf))
    on.pen.pieslice([440, 70, 840, 470], 180, 360, fill=shade(leaf, 1.2))
    on.pen.line([(640, 270), (640, on.height)], fill=shade(leaf, 0.5), width=8)
    for x in range(480, 820, 64):
        for y in range(310, on.height, 64):
            on.pen.regular_polygon(
                (x + 16, y + 16, 18), 8, fill=shade(leaf, 1.35 if (x + y) % 128 else 0.7)
            )
    on.disc(610, 560, 14, "#d9b65c")
    on.disc(670, 560, 14, "#d9b65c")


@scene
def door_blue(on: Canvas) -> None:
    door(on, "#e4d3b0", "#2f6f94")


@scene
def door_green(on: Canvas) -> None:
    door(on, "#d8bd98", "#3c7356")


@scene
def door_red(on: Canvas) -> None:
    door(on, "#efe3cd", "#8f3b2e")


@scene
def fish_market(on: Canvas) -> None:
    on.sky("#c9dbe0", "#f2efe6")
    for x, colour in zip(range(0, on.width, 160), ["#c8513a", "#f4efe4"] * 4, strict=True):
        on.pen.polygon([(x, 60), (x + 160, 60), (x + 150, 240), (x + 10, 240)], fill=shade(colour))
    on.box(0, 520, on.width, 280, "#8b6a4c")
    for row in range(2):
        for column in range(5):
            x, y = 40 + column * 245, 470 + row * 150
            on.box(x, y, 215, 110, "#dfeef2")
            for n in range(3):
                fish(on, x + 20 + n * 62, y + 30 + on.random.randrange(40))
    for x in (300, 720, 1010):
        person(on, x, 470, on.random.choice(["#3f5d73", "#5c5148", "#7a5a3a"]), 1.3)


def fish(on: Canvas, x: int, y: int) -> None:
    """A fish on ice."""
    colour = on.random.choice(["#8aa3ad", "#b98a6a", "#9fb3a2"])
    on.pen.ellipse([x, y, x + 52, y + 22], fill=shade(colour))
    on.pen.polygon([(x + 48, y + 11), (x + 66, y), (x + 66, y + 22)], fill=shade(colour, 0.85))
    on.disc(x + 10, y + 9, 3, "#20262a")


@scene
def stadium(on: Canvas) -> None:
    on.sky("#1e2f4d", "#46618a", 300)
    on.pen.polygon(
        [(0, 420), (0, 220), (640, 150), (1280, 220), (1280, 420)], fill=shade("#3a4256")
    )
    for _ in range(1500):
        x, y = on.random.randrange(on.width), on.random.randrange(230, 410)
        colour = on.random.choice(["#e8d9c0", "#c8513a", "#f2c14e", "#6f8fb3"])
        on.pen.ellipse([x, y, x + 7, y + 7], fill=shade(colour, 0.9))
    for stripe in range(8):
        on.box(0, 420 + stripe * 48, on.width, 48, "#3f8a4a" if stripe % 2 else "#4a9a55")
    on.pen.ellipse([440, 500, 840, 700], outline=(255, 255, 255, 220), width=6)
    on.pen.line([(640, 420), (640, 800)], fill=(255, 255, 255, 220), width=6)
    for x in (90, 1190):
        on.box(x - 8, 90, 16, 330, "#c9d1d9")
        on.disc(x, 90, 34, "#fffbe6", 5)


@scene
def calligraphy(on: Canvas) -> None:
    on.sky("#f7eed9", "#efe0c0")
    ink = shade("#22283a")
    for turn in range(4):
        box = [220 + turn * 150, 230 + turn * 36, 560 + turn * 150, 560 - turn * 18]
        on.pen.arc(box, 20, 200, fill=ink, width=26 - turn * 3)
    on.pen.line([(1040, 150), (1000, 520)], fill=ink, width=26)
    for x, y in ((420, 640), (470, 640), (820, 560), (700, 200)):
        on.pen.regular_polygon((x, y, 18), 4, rotation=45, fill=shade("#8f3b2e"))
    on.pen.polygon([(980, 700), (1230, 420), (1250, 440), (1000, 716)], fill=shade("#9a6b3c"))


@scene
def olive_terraces(on: Canvas) -> None:
    on.sky("#a9d0e0", "#f4efd8")
    for step, colour in enumerate(["#b7a878", "#a39461", "#93844f", "#837442", "#746637"]):
        top = 300 + step * 100
        on.hills(top + 110, 90, colour, 400)
        for x in range(40 + step * 30, on.width, 150):
            on.box(x + 26, top + 46, 10, 40, "#5a4630")
            on.disc(x + 30, top + 30, 38, on.random.choice(["#6f8258", "#7d8f63", "#5f7350"]))


@scene
def observatory(on: Canvas) -> None:
    on.sky("#090d22", "#2a2750")
    on.stars(420, 560)
    for n in range(90):
        x = 200 + n * 9
        on.pen.ellipse([x, 120 + n * 3, x + 70, 190 + n * 3], fill=(160, 150, 200, 10))
    on.hills(680, 120, "#17152c", 240)
    on.box(560, 500, 200, 130, "#cfd3dc")
    on.pen.pieslice([540, 400, 780, 620], 180, 360, fill=shade("#e8ebf0"))
    on.pen.polygon([(650, 404), (690, 404), (700, 500), (640, 500)], fill=shade("#20243c"))


@scene
def coast_map(on: Canvas) -> None:
    on.sky("#bcd8e2", "#bcd8e2")
    points = [
        (on.width * 0.46 + math.sin(y / 70) * 70 + math.sin(y / 23) * 16, y)
        for y in range(0, 801, 10)
    ]
    on.pen.polygon([*points, (on.width, 800), (on.width, 0)], fill=shade("#e9dfc4"))
    on.pen.line(points, fill=shade("#8a7a58"), width=5)
    for x, y, radius in ((220, 260, 46), (300, 520, 34), (160, 610, 26)):
        on.disc(x, y, radius, "#e9dfc4")
    for x, y in ((640, 180), (760, 420), (690, 660), (230, 262)):
        on.disc(x, y, 13, "#b8412f")
    on.pen.line([(640, 180), (230, 262)], fill=shade("#b8412f"), width=4)
    on.pen.line([(640, 180), (760, 420), (690, 660)], fill=shade("#4a6a86"), width=6)


def portrait(on: Canvas, back: str, skin: str, hair: str, coat: str, scarf: bool) -> None:
    """Head and shoulders, without a face that could be anyone's."""
    on.sky(back, "#f4efe6")
    on.pen.ellipse([150, 560, 650, 1100], fill=shade(coat))
    on.box(350, 470, 100, 130, shade(skin, 0.9))
    if scarf:
        on.pen.ellipse([225, 150, 575, 640], fill=shade(hair))
    on.pen.ellipse([270, 210, 530, 550], fill=shade(skin))
    if not scarf:
        on.pen.pieslice([260, 180, 540, 480], 180, 360, fill=shade(hair))


@scene
def portrait_leila(on: Canvas) -> None:
    portrait(on, "#9fc3c9", "#d3a27c", "#5c3f5e", "#31435a", scarf=True)


@scene
def portrait_karim(on: Canvas) -> None:
    portrait(on, "#d9b48a", "#b9855e", "#2a221d", "#4d6b4a", scarf=False)


@scene
def portrait_maya(on: Canvas) -> None:
    portrait(on, "#c7b7d6", "#e0b593", "#6b3d22", "#7a3b2e", scarf=False)
