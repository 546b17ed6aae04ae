# Prints plain tables and keeps the tally of misses.
def print_table(headers, rows):
    """Columns as wide as their longest cell; numbers to the right."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max([len(h)] + [len(row[n]) for row in cells]) for n, h in enumerate(headers)]
    print("  ".join(h.ljust(w) for h, w in zip(headers, widths)))
    print("  ".join("-" * w for w in widths))
    for row, values in zip(cells, rows):
        print("  ".join(c.rjust(w) if isinstance(v, (int, float)) else c.ljust(w)
                        for c, w, v in zip(row, widths, values)))


def _text(value):
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


class Tally:
    """Counts every check, and every miss with its words."""

    def __init__(self):
        self.done, self.misses = {}, {}

    def check(self, name, passed, words=""):
        self.done[name] = self.done.get(name, 0) + 1
        if not passed:
            self.misses.setdefault(name, []).append(words)
        return passed

    @property
    def missed(self):
        return sum(len(words) for words in self.misses.values())

    def print(self, shown=5):
        print_table(["check", "made", "missed"],
                    [[name, made, len(self.misses.get(name, []))] for name, made in self.done.items()])
        for name, words in self.misses.items():
            for text in words[:shown]:
                print(f"  miss {name}: {text}")
            if len(words) > shown:
                print(f"  ... {len(words) - shown} more misses of {name}")
