"""Writers that take turns, one operation each, in an order that a seed decides: concurrency that can be repeated."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

from pressrun.testing.simfs import Killed


class Turns:
    """Runs functions as if in parallel; exactly one of them is at work at any moment.

    Args:
        seed: decides who is next.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._gate = threading.Condition()
        self._living: list[int] = []
        self._present = -1
        self._numbers: dict[int, int] = {}
        self.errors: list[BaseException] = []

    def run(self, writers: Sequence[Callable[[], None]]) -> None:
        """Run all writers to their end. What they raise is in `errors`; being killed is no error."""
        self._living = list(range(len(writers)))
        self._present = self._random.choice(self._living)
        threads = [
            threading.Thread(target=self._writer, args=(number, writer)) for number, writer in enumerate(writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def switch(self) -> None:
        """Let somebody be next; call it at the end of every operation."""
        number = self._numbers.get(threading.get_ident())
        if number is None:
            return
        with self._gate:
            self._present = self._random.choice(self._living)
            self._gate.notify_all()
            self._gate.wait_for(lambda: self._present == number)

    def _writer(self, number: int, writer: Callable[[], None]) -> None:
        self._numbers[threading.get_ident()] = number
        with self._gate:
            self._gate.wait_for(lambda: self._present == number)
        try:
            writer()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.errors.append(error)
        with self._gate:
            self._living.remove(number)
            if self._living:
                self._present = self._random.choice(self._living)
            self._gate.notify_all()
