"""Finds runs that a text shares with any of many strings, and says quickly when there are none."""

# Shorter runs are in unrelated texts by chance.
RUN = 12
# Each run of RUN characters holds, at one of eight places in a row, a whole piece of five.
STEP = 8
PIECE = RUN - STEP + 1
FILTER_BITS = 1 << 23


class Index:
    """`add` strings, then ask for `runs_in` a text. A string shorter than RUN is found as a whole only.

    A filter with one bit for each piece (a Bloom filter) answers for nearly every text, in much less memory than the
    pieces themselves would take.
    """

    def __init__(self) -> None:
        self._filter = bytearray(FILTER_BITS >> 3)
        self._long = ""
        self._short: list[str] = []

    def add(self, string: str) -> None:
        if len(string) < RUN:
            self._short.append(string)
            return
        for start in range(len(string) - PIECE + 1):
            bit = hash(string[start : start + PIECE]) % FILTER_BITS
            self._filter[bit >> 3] |= 1 << (bit & 7)
        self._long += f"\n{string}"

    def runs_in(self, text: str) -> list[tuple[int, int]]:
        """Return the places of shared runs, as (start, end); they may overlap."""
        starts = {start for piece in self._pieces_in(text) for start in range(max(0, piece - STEP + 1), piece + 1)}
        found = [(start, start + RUN) for start in sorted(starts) if self._has_run(text[start : start + RUN])]
        for short in self._short:
            start = text.find(short)
            while start >= 0:
                found.append((start, start + len(short)))
                start = text.find(short, start + 1)
        return found

    def _pieces_in(self, text: str) -> list[int]:
        found = []
        for start in range(0, len(text) - PIECE + 1, STEP):
            piece = text[start : start + PIECE]
            bit = hash(piece) % FILTER_BITS
            if self._filter[bit >> 3] >> (bit & 7) & 1 and piece in self._long:
                found.append(start)
        return found

    def _has_run(self, run: str) -> bool:
        return len(run) == RUN and run in self._long
