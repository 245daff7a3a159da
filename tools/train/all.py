"""Trains the built-in text-to-image model from nothing to the finished folder, in one command.

    python -m tools.train.all

About two and a half hours on one core; give more with `--stretch 2`. Each part is a program of
its own and can be run alone. What they leave in between lies in `data/train/`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tools.train.cache import SHARD
from tools.train.publish import PACK

WORK = Path("data/train")


def parts(stretch: float, work: Path, pack: Path, docs: Path) -> list[list[str]]:
    """The commands in order; `stretch` lengthens every training alike."""

    def minutes(usual: float) -> str:
        return f"{usual * stretch:g}"

    def drawings(usual: int) -> str:
        return str(max(SHARD, round(usual * min(1.0, stretch))))

    vae, sharp, first = str(work / "vae"), str(work / "vae_sharp"), str(work / "first")
    small, full, last = str(work / "latents_128"), str(work / "latents_256"), str(work / "last")
    draft, final = str(work / "draft"), str(work / "vae_final")
    figures = ["--save", str(docs / "measurements/aura-shapes.json")]
    picture = ["--sheet", str(docs / "pictures/aura-shapes.png")]
    return [
        ["vae", "--folder", vae, "--minutes", minutes(20)],
        ["cache", "--vae", vae, "--folder", small, "--scale", "0.5", "--count", drawings(7200)],
        ["cache", "--vae", vae, "--folder", full, "--count", drawings(14400), "--seed", "12"],
        [
            "text_to_image",
            "--latents",
            small,
            "--folder",
            first,
            "--minutes",
            minutes(10),
            "--warm-seconds",
            f"{90 * stretch:g}",
            "--batch",
            "32",
            "--rate",
            "8e-4",
            "--cool-from",
            "0.98",
        ],
        [
            "text_to_image",
            "--latents",
            full,
            "--folder",
            last,
            "--resume",
            f"{first}/live",
            "--minutes",
            minutes(65),
            "--rate",
            "6e-4",
            "--cool-from",
            "0.3",
            "--seed",
            "8",
        ],
        ["decoder", "--vae", vae, "--folder", sharp, "--minutes", minutes(10)],
        ["publish", "--trained", last, "--vae", sharp, "--folder", draft],
        [
            "decoder",
            "--vae",
            sharp,
            "--folder",
            final,
            "--unet",
            draft,
            "--minutes",
            minutes(10),
            "--rate",
            "5e-4",
        ],
        ["publish", "--trained", last, "--vae", final, "--folder", str(pack)],
        ["score", "--folder", str(pack), *figures, *picture],
        ["score", "--folder", str(pack), *figures, "--frame", "16:9"],
        ["score", "--folder", str(pack), *figures, "--frame", "9:16"],
        ["card", "--folder", str(pack), "--measurements", figures[1]],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stretch", type=float, default=1.0)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--pack", type=Path, default=PACK)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    args = parser.parse_args()
    for module, *options in parts(args.stretch, args.work, args.pack, args.docs):
        print(f"== {module} {' '.join(options)}", flush=True)
        subprocess.run([sys.executable, "-m", f"tools.train.{module}", *options], check=True)


if __name__ == "__main__":
    main()
