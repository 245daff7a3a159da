"""Sets the examination: draws every prompt, lets the judge look, and writes down the figures."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)
from PIL import Image, ImageOps

from aura.ratios import RATIOS, size_for
from tools.train.exam import Question, questions
from tools.train.judge import Seen, judge
from tools.train.publish import PACK

STEPS = 20  # the figures the model card recommends
GUIDANCE = 2.5

SAMPLERS = {
    "DDIM": DDIMScheduler,
    "DPM++ 2M": DPMSolverMultistepScheduler,
    "Euler": EulerDiscreteScheduler,
    "UniPC": UniPCMultistepScheduler,
}
AREA = 65_536  # the model's native number of pixels
MEASUREMENTS = Path("docs/measurements/aura-shapes.json")
SHEET = Path("docs/pictures/aura-shapes.png")


def open_pack(folder: Path, sampler: str | None = None) -> StableDiffusionPipeline:
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    if sampler:
        pipeline.scheduler = SAMPLERS[sampler].from_config(pipeline.scheduler.config)
    return pipeline


def paint(
    pipeline: StableDiffusionPipeline,
    asked: list[Question],
    frame: tuple[int, int],
    steps: int,
    guidance: float,
    batch: int = 4,
) -> Iterable[Image.Image]:
    for at in range(0, len(asked), batch):
        some = asked[at : at + batch]
        yield from pipeline(
            [question.prompt for question in some],
            width=frame[0],
            height=frame[1],
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=[torch.Generator().manual_seed(question.seed) for question in some],
        ).images


def marks(question: Question, seen: Seen) -> dict[str, bool]:
    scene = question.scene
    return {
        "shape": seen.shape == scene.shape,
        "colour": seen.colour == scene.colour,
        "background": seen.background == scene.background,
        "position": seen.place == scene.place,
        "size": seen.extent == scene.size,
    }


def share(rows: list[dict[str, bool]]) -> dict[str, float]:
    if not rows:
        return {}
    found = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
    found["all four"] = sum(
        row["shape"] and row["colour"] and row["background"] and row["position"] for row in rows
    ) / len(rows)
    return {key: round(value, 4) for key, value in found.items()}


def report(asked: list[Question], rows: list[dict[str, bool]]) -> dict[str, object]:
    pairs = list(zip(asked, rows, strict=True))
    return {
        "prompts": len(rows),
        **share(rows),
        "english": share([row for question, row in pairs if question.language == "en"]),
        "spanish": share([row for question, row in pairs if question.language == "es"]),
        "combinations never trained on": share([row for q, row in pairs if q.kept]),
        "wrong": [
            {"prompt": q.prompt, "seed": q.seed, "missed": [k for k, ok in row.items() if not ok]}
            for q, row in pairs
            if not all(row.values())
        ],
    }


def sheet(
    images: list[Image.Image], columns: int, gap: int = 4, side: int | None = None
) -> Image.Image:
    """All pictures on one, in rows, as large as they are or made `side` pixels wide."""
    if side:
        images = [ImageOps.contain(image, (side, side)) for image in images]
    width, height = images[0].size
    rows = -(-len(images) // columns)
    size = columns * (width + gap) - gap, rows * (height + gap) - gap
    out = Image.new("RGB", size, (255, 255, 255))
    for k, image in enumerate(images):
        out.paste(image, (k % columns * (width + gap), k // columns * (height + gap)))
    return out


def keep(path: Path, name: str, figures: dict[str, object]) -> None:
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[name] = figures
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(known, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=PACK)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--frame", choices=RATIOS, default="1:1")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--sampler", choices=SAMPLERS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", type=Path, help=f"figures are added here, e.g. {MEASUREMENTS}")
    parser.add_argument("--sheet", type=Path, help=f"pictures are shown here, e.g. {SHEET}")
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--tile", type=int, default=112, help="pixels across in the sheet")
    return parser.parse_args()


def main() -> None:
    args = parse()
    torch.set_num_threads(args.threads)
    asked = questions()[: args.count]
    start = time.monotonic()
    pipeline = open_pack(args.folder, args.sampler)
    frame = size_for(args.frame, AREA)  # as the studio would ask for it
    images = list(paint(pipeline, asked, frame, args.steps, args.guidance))
    seconds = (time.monotonic() - start) / len(images)
    rows = [marks(question, judge(image)) for question, image in zip(asked, images, strict=True)]
    figures = {
        "frame": frame,
        "steps": args.steps,
        "guidance": args.guidance,
        "sampler": args.sampler or type(pipeline.scheduler).__name__.removesuffix("Scheduler"),
        "seconds an image": round(seconds, 2),
        **report(asked, rows),
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    if args.save:
        name = f"{args.frame}, {figures['sampler']}, {args.steps} steps"
        keep(args.save, name, figures)
    if args.sheet:
        args.sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet(images, args.columns, side=args.tile).save(args.sheet, optimize=True)


if __name__ == "__main__":
    main()
