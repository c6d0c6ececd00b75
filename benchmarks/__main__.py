"""Run the benchmarks named on the command line, or all of them: `python -m benchmarks [NAME …] [OPTION …]`.

What begins with `--`, and all that follows it, is handed to each benchmark that is run.
"""

import sys
from importlib import import_module
from pathlib import Path

ALL = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if "def main(" in p.read_text(encoding="utf-8"))


def run(arguments: list[str]) -> int:
    cut = next((place for place, word in enumerate(arguments) if word.startswith("--")), len(arguments))
    names, options = arguments[:cut], arguments[cut:]
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names or ALL:
        print(f"\n== {name}", flush=True)
        sys.argv[1:] = options
        failed |= import_module(f"benchmarks.{name}").main() or 0
    return failed


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
