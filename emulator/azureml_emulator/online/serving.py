"""A deployment that serves: its instances, the requests that wait for one, and the change from one content to another.

At most ``2 x concurrency x instances`` requests are inside at a time, as in the service: one half is worked on, the
other waits. Instances that go away get no more requests and finish those that they have.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from pathlib import Path

from azureml_emulator.online import logs
from azureml_emulator.online.instance import Instance, Kit, NotUpError
from azureml_emulator.online.plan import Settings

_LOG = logging.getLogger(__name__)
_DRAIN_GRACE = 2.0
"""Seconds that a request may take above its timeout while its instance goes away."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds between the restarts of an instance that crashes again and again: at first, and at most."""


class TooManyRequestsError(Exception):
    """More requests are inside than the deployment allows."""


class NoInstanceError(Exception):
    """No instance became free in time; ``ready`` tells whether there was any."""

    def __init__(self, *, ready: bool) -> None:
        super().__init__("no instance became free in time")
        self.ready = ready


class Serving:
    """The instances of one deployment. Used from one event loop only.

    Args:
        folder: the deployment's own folder.
        sockets: where the instances' sockets go.
        kit: what the instances are made of.
        settings: how many there are, and how they are watched.
    """

    def __init__(self, folder: Path, sockets: Path, kit: Kit, settings: Settings) -> None:
        self.kit = kit
        self.settings = settings
        self.inside = 0
        self.instances: list[Instance] = []
        self._folder = folder
        self._sockets = sockets
        self._waiting: deque[asyncio.Future[Instance]] = deque()
        self._tasks: dict[Instance, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()
        self._quiet = asyncio.Event()
        self._quiet.set()

    # -- requests ------------------------------------------------------------------------------------------

    async def acquire(self, timeout: float) -> Instance:
        """The instance that takes the next request; :meth:`release` gives it back.

        Raises:
            TooManyRequestsError: too many requests are inside already.
            NoInstanceError: none became free within ``timeout`` seconds.
        """
        if self.inside >= 2 * self.settings.concurrency * self.settings.instances:
            raise TooManyRequestsError
        self.inside += 1
        self._quiet.clear()
        free = self._free()
        if free is not None:
            free.take()
            return free
        return await self._wait(timeout)

    async def _wait(self, timeout: float) -> Instance:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Instance] = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_later(timeout, _expire, waiter)
        try:
            return await waiter
        except TimeoutError:
            self._let_out()
            ready = any(instance.ready for instance in self.instances)
            raise NoInstanceError(ready=ready) from None
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release(waiter.result())
            else:
                self._let_out()
            raise
        finally:
            timer.cancel()

    def release(self, instance: Instance) -> None:
        """A request is over: the next one that waits gets the instance."""
        instance.give_back()
        self._serve_waiting()
        self._let_out()

    def _let_out(self) -> None:
        self.inside -= 1
        if not self.inside:
            self._quiet.set()

    def _free(self) -> Instance | None:
        least, found = self.settings.concurrency, None
        for instance in self.instances:
            if instance.ready and not instance.retiring and instance.busy < least:
                least, found = instance.busy, instance
        return found

    def _serve_waiting(self) -> None:
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
                continue
            free = self._free()
            if free is None:
                return
            free.take()
            self._waiting.popleft().set_result(free)

    # -- instances -----------------------------------------------------------------------------------------

    async def fill(self) -> None:
        """Start the instances that are missing and wait until they are ready.

        Raises:
            NotUpError: one did not become ready; those that were started for nothing are gone.
        """
        async with self._changing:
            await self._fill()

    async def _fill(self) -> None:
        kept = [instance for instance in self.instances if instance.kit == self.kit and not instance.retiring]
        taken = {instance.number for instance in self.instances}
        numbers = [number for number in range(len(taken) + self.settings.instances) if number not in taken]
        missing = max(0, self.settings.instances - len(kept))
        new = [Instance(self.kit, number, self._sockets, self._folder) for number in numbers[:missing]]
        try:
            await asyncio.gather(*(self._start(instance) for instance in new))
        except BaseException:
            await asyncio.gather(*(instance.stop() for instance in new))
            raise
        for instance in new:
            self._add(instance)

    async def change(self, kit: Kit, settings: Settings) -> None:
        """Serve another content, or with other settings: new instances first, then the old ones go.

        Raises:
            NotUpError: a new instance did not become ready; everything is as it was before.
        """
        async with self._changing:
            before = self.kit, self.settings
            self.kit, self.settings = kit, settings
            try:
                await self._fill()
            except BaseException:
                self.kit, self.settings = before
                raise
            staying = [instance for instance in self.instances if instance.kit == kit][: settings.instances]
            for instance in [instance for instance in self.instances if instance not in staying]:
                self._retire(instance)
            self._serve_waiting()
            await asyncio.gather(*self._leaving)

    async def end(self) -> None:
        """Let all requests finish, those that wait too, then stop everything."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), 2 * self.kit.content.timeout)
        for instance in list(self.instances):
            self._retire(instance)
        await asyncio.gather(*self._leaving)

    async def stop(self) -> None:
        """Stop everything at once."""
        for task in [*self._tasks.values(), *self._leaving]:
            task.cancel()
        instances, self.instances = self.instances, []
        await asyncio.gather(*(instance.stop() for instance in instances))

    def stop_instance(self, instance: Instance, reason: str) -> None:
        """Kill an instance that does what it must not; it is started again."""
        logs.add(instance.log, reason)
        instance.kill()

    async def _start(self, instance: Instance) -> None:
        logs.add(instance.log, f"Starting instance {instance.number} with {instance.kit.python}.")
        await instance.start()
        await instance.until_ready(self.settings.readiness)

    def _add(self, instance: Instance) -> None:
        self.instances.append(instance)
        self._tasks[instance] = asyncio.get_running_loop().create_task(self._tend(instance))
        self._serve_waiting()

    def _retire(self, instance: Instance) -> None:
        """Send an instance no more requests, and stop it once it has finished those that it has."""
        self.instances.remove(instance)
        self._tasks.pop(instance).cancel()
        task = asyncio.get_running_loop().create_task(self._leave(instance))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave(self, instance: Instance) -> None:
        try:
            await instance.drain(instance.kit.content.timeout + _DRAIN_GRACE)
        finally:
            await instance.stop()

    async def _tend(self, instance: Instance) -> None:
        """Watch an instance, and start it again each time it ends."""
        pause = _SHORTEST_PAUSE
        while True:
            await self._watch(instance)
            await instance.stop()
            logs.add(instance.log, f"Instance {instance.number} has ended; it is started again.")
            instance.retiring, started = False, False
            while not started:
                try:
                    await self._start(instance)
                    started, pause = True, _SHORTEST_PAUSE
                except (NotUpError, OSError) as error:
                    await instance.stop()
                    instance.retiring = False
                    logs.add(instance.log, f"Instance {instance.number} did not come up: {error}")
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
            self._serve_waiting()

    async def _watch(self, instance: Instance) -> None:
        """Return once the instance's process has ended; kill it when its liveness probe fails too often."""
        assert instance.process is not None  # noqa: S101 - it was started
        ended = asyncio.ensure_future(instance.process.wait())
        probes = [
            asyncio.create_task(self._probe_liveness(instance)),
            asyncio.create_task(self._probe_readiness(instance)),
        ]
        try:
            await ended
        finally:
            instance.ready = False
            for task in (ended, *probes):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*probes, return_exceptions=True)

    async def _probe_liveness(self, instance: Instance) -> None:
        probe, failures = self.settings.liveness, 0
        while failures < probe.failure_threshold:
            await asyncio.sleep(probe.period)
            failures = 0 if await instance.healthy(probe.timeout) else failures + 1
        self.stop_instance(instance, f"The liveness probe failed {failures} times; the instance is stopped.")

    async def _probe_readiness(self, instance: Instance) -> None:
        probe, failures, successes = self.settings.readiness, 0, 0
        while True:
            await asyncio.sleep(probe.period)
            if await instance.healthy(probe.timeout):
                failures, successes = 0, successes + 1
            else:
                failures, successes = failures + 1, 0
            if instance.ready and failures >= probe.failure_threshold:
                instance.ready = False
                logs.add(instance.log, f"The readiness probe failed {failures} times; requests go elsewhere.")
            elif not instance.ready and successes >= probe.success_threshold:
                instance.ready = True
                self._serve_waiting()


def _expire(waiter: asyncio.Future[Instance]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
