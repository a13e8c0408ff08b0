"""uvicorn's HTTP/1.1 protocol with limits on what a client may leave incomplete.

uvicorn and httptools gather a head as long as it goes on, and wait for it for ever. Here a head is
refused as its bytes arrive (431), a part of a request that takes too long is 408, and requests that
are sent ahead of answers are left unread. `app/http/intake.py` has the limits of the process.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app import errors
from app.http import intake

LARGEST_HEAD = 65_536
"""Bytes of a request's head, and of what stands between two parts of a body: chunk lines, trailers."""
MOST_HEADERS = 256
MOST_PIPELINED = 16
"""Requests that are read ahead of the answer to the first."""
MOST_DRAINED = 12_000_000
"""Bytes that a refused client may still send, so that it comes to read the answer."""
MOST_UNFED = 1_000_000
"""Bytes that may wait behind them."""
SLICE = 16_384
"""Bytes that the parser is given at once where it isn't one whole head."""
END = b"\r\n\r\n"
SHORTEST = len(b"GET / HTTP/1.1")
"""Bytes of a head before its end."""
BODY_PIECE = 512
"""Bytes of a body before a possible end of the next head is looked for."""
IDLE, HEAD, BODY, REFUSED = range(4)


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests are bounded while they arrive."""

    intake: intake.Intake
    stage = IDLE
    since = 0.0
    stalled = 0
    """Bytes since the last head, bytes of a body or end of a request was complete."""
    body_bytes = 0
    held = 0
    drained = 0
    unfed = b""
    """Bytes that wait until requests before them have been answered."""
    problem: errors.Problem | None = None
    """Why the parser was stopped, where that was not its own doing."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self.intake = intake.intake_of(self.server_state, self.loop)
        self.intake.note(self)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if (
            self.stage == IDLE and data.find(END) == len(data) - 4 and len(data) <= LARGEST_HEAD
            and not self.pipeline and not self.unfed and not self.stalled
        ):  # fmt: skip
            self.parse(data)
        else:
            self.take(data)
        if self.stage or self.stalled or self in self.intake.incomplete:
            self.intake.note(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.release()
        self.intake.forget(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.intake.wait_for_reader(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.intake.unread.pop(self, None)

    # What the parser calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.stage = HEAD

    def on_headers_complete(self) -> None:
        if len(self.headers) > MOST_HEADERS:
            raise self.refused(too_many_headers())
        super().on_headers_complete()
        self.headers = []  # trailers follow: they are no headers of the request
        self.stage, self.stalled, self.body_bytes = BODY, 0, 0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.stalled = 0
        self.body_bytes += len(body)
        if not self.cycle.response_complete:
            self.hold(len(body))

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.stage, self.stalled = IDLE, 0

    # What uvicorn calls

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.held:
            self.release()
        if self.transport.is_closing():
            self.note_unread()
        elif self.unfed and len(self.pipeline) < MOST_PIPELINED:
            data, self.unfed = self.unfed, b""
            self.data_received(data)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.note_unread()

    def _should_upgrade_to_ws(self) -> bool:
        return False  # no address has WebSockets, and their protocol has limits of its own

    # Reading

    def take(self, data: bytes) -> None:
        """Feed the parser in slices that end where a head ends, so that the size of a head is
        known while it arrives and pipelined requests stay within their limit."""
        if self.unfed:
            data, self.unfed = self.unfed + data, b""
            if len(data) > MOST_UNFED:
                self.transport.abort()
                return
        if self.stage == REFUSED:
            self.drained += len(data)
            if self.drained > MOST_DRAINED and self.is_answered:
                self.transport.abort()
            return
        start = 0
        while start < len(data) and self.stage != REFUSED:
            if len(self.pipeline) >= MOST_PIPELINED:
                self.unfed = data[start:]
                self.flow.pause_reading()
                return
            if self.stalled >= LARGEST_HEAD:
                self.refuse(too_large_head())
                return
            end = self.slice_end(data, start)
            self.stalled += end - start
            if self.stage != BODY:
                self.hold(end - start)
            self.parse(data[start:end])
            start = end

    def slice_end(self, data: bytes, start: int) -> int:
        before = {IDLE: SHORTEST, HEAD: 0, BODY: BODY_PIECE}[self.stage]
        room = SLICE if self.stage == BODY else min(SLICE, LARGEST_HEAD - self.stalled)
        found = data.find(END, start + before, start + room)
        return min(len(data), start + room) if found < 0 else found + len(END)

    def parse(self, data: bytes) -> None:
        """Feed the parser; refuse the connection on invalid HTTP."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # it is answered as if it had not asked. RFC 9110 section 7.8
        except httptools.HttpParserError:
            self.refuse(
                self.problem or errors.BadRequest("These bytes are not an HTTP/1.1 request.")
            )
            return
        if len(self.headers or ()) > MOST_HEADERS:
            self.refuse(too_many_headers())

    # What is held, and for how long

    @property
    def part(self) -> Any:
        if self.stage == REFUSED:
            return None
        if self.scope is None and not self.stage:
            return IDLE
        return (id(self.scope), self.stage) if self.stage or self.stalled else None

    @property
    def reading(self) -> bool:
        return not self.flow.read_paused

    @property
    def is_answered(self) -> bool:
        """Return whether no request waits for its response, or for the rest of it."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.disconnected

    @property
    def seconds(self) -> float:
        if self.stage == BODY and self.body_bytes <= intake.MOST_DRAINED:
            return intake.BODY_SECONDS + self.body_bytes / intake.BODY_RATE
        return intake.HEAD_SECONDS

    def hold(self, size: int) -> None:
        self.held += size
        self.intake.held += size

    def release(self) -> None:
        self.intake.held -= self.held
        self.held = 0

    def note_unread(self) -> None:
        """Track a connection that closes when its last bytes have been sent."""
        if self.transport.get_write_buffer_size():
            self.intake.wait_for_reader(self)

    # Ending

    def end_late(self) -> None:
        """End the connection because a part of its request took too long."""
        if self.stage == IDLE and not self.stalled:
            self.transport.close()  # nothing was asked
        else:
            self.refuse(errors.RequestTimeout("The request did not arrive completely in time."))

    def end_for_others(self) -> None:
        """End the connection because the process has too many incomplete requests and this is the
        slowest."""
        if self.stage == IDLE and not self.stalled:
            self.transport.close()
        else:
            self.refuse(errors.Unavailable("Too many incomplete requests; the slowest was ended."))

    def refused(self, problem: errors.Problem) -> errors.Problem:
        """Return the exception that stops the parser, after sending the problem."""
        self.problem = problem
        return problem

    def refuse(self, problem: errors.Problem) -> None:
        """Send a problem for an incomplete request, if that is still possible, and close the
        connection."""
        stage, self.stage, self.unfed = self.stage, REFUSED, b""
        self.release()
        if stage in (IDLE, HEAD) and not self.is_answered:
            self.cycle.keep_alive = False  # requests before this one are answered first
            self.intake.linger(self)
        elif stage == BODY and (self.pipeline or self.in_answer):
            self.transport.abort()
        else:
            if stage != BODY or not self.cycle.response_complete:
                self.transport.write(self.answer_to(problem))
            if stage == BODY:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self.linger()

    @property
    def in_answer(self) -> bool:
        return self.cycle.response_started and not self.cycle.response_complete

    def linger(self) -> None:
        """Send no more, and drop what still arrives until the client closes. Closing at once
        could destroy the response before the client reads it. RFC 9112 section 9.6"""
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write_eof()
        self.intake.linger(self)

    def answer_to(self, problem: errors.Problem) -> bytes:
        """Return a complete response with a problem document."""
        raise NotImplementedError


def too_large_head() -> errors.Problem:
    """Return the 431 for a head with too many bytes."""
    return errors.HeadTooLarge(f"The head of a request has at most {LARGEST_HEAD:,} bytes.")


def too_many_headers() -> errors.Problem:
    """Return the 431 for a head with too many fields."""
    return errors.HeadTooLarge(f"A request has at most {MOST_HEADERS} headers.")
