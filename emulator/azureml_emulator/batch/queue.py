"""Who may run: the nodes of each compute, shared by its jobs, first come, first served. Pure."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """A job that wants ``nodes`` nodes of a compute; ``since`` is when it was submitted."""

    job: str
    nodes: int
    since: str = ""


@dataclass(frozen=True)
class NodeCounts:
    """Nodes of a compute: at work, and allocated but idle; when the first idle one is given up, if any will be."""

    running: int
    idle: int
    next_change: float | None = None


@dataclass
class _Cluster:
    waiting: list[Request] = field(default_factory=list)
    running: dict[str, Request] = field(default_factory=dict)
    idle: list[float] = field(default_factory=list)
    """When each idle node became so, in seconds."""

    @property
    def busy(self) -> int:
        return sum(request.nodes for request in self.running.values())


class NodeQueue:
    """The queues of all computes. Nodes stay allocated for the idle time after their last job."""

    def __init__(self) -> None:
        self._clusters: dict[str, _Cluster] = {}

    def ask(self, compute: str, request: Request) -> None:
        """Stand in line for nodes of a compute, behind the jobs that were submitted earlier."""
        insort(self._cluster(compute).waiting, request, key=lambda waiting: waiting.since)

    def grant(self, compute: str, capacity: int) -> list[str]:
        """Give nodes to the jobs whose turn it is; return their names."""
        cluster = self._cluster(compute)
        granted = []
        while cluster.waiting and cluster.busy + cluster.waiting[0].nodes <= capacity:
            request = cluster.waiting.pop(0)
            cluster.running[request.job] = request
            del cluster.idle[: request.nodes]
            granted.append(request.job)
        return granted

    def waiting(self, compute: str) -> list[str]:
        """The jobs that stand in line for a compute."""
        return [request.job for request in self._cluster(compute).waiting]

    def leave(self, compute: str, job: str, now: float) -> None:
        """Give back a job's nodes at the time ``now``, or its place in the line."""
        cluster = self._cluster(compute)
        request = cluster.running.pop(job, None)
        if request is not None:
            cluster.idle += [now] * request.nodes
        cluster.waiting = [waiting for waiting in cluster.waiting if waiting.job != job]

    def counts(self, compute: str, *, minimum: int, idle_time: float, now: float) -> NodeCounts:
        """The nodes of a compute at the time ``now``.

        Idle nodes beyond ``minimum`` are given up ``idle_time`` seconds after their last job.
        """
        cluster = self._cluster(compute)
        cluster.idle = [since for since in cluster.idle if now - since < idle_time]
        spare = len(cluster.idle) - max(0, minimum - cluster.busy)
        following = min(cluster.idle) + idle_time if spare > 0 else None
        return NodeCounts(cluster.busy, max(len(cluster.idle), minimum - cluster.busy), following)

    def computes(self) -> list[str]:
        """The computes that jobs have asked nodes of, in lower case."""
        return list(self._clusters)

    def _cluster(self, compute: str) -> _Cluster:
        return self._clusters.setdefault(compute.lower(), _Cluster())
