"""Ask the endpoint for every held-out digit, one request each; tell who answered and how many were read correctly.

    python ask.py [COUNT]

COUNT digits at most (default: all 899). Four callers ask at the same time, as the real world would.
"""

import collections
import concurrent.futures
import sys

from sklearn.datasets import load_digits

from pulumi_azureml.arm import Settings
from pulumi_azureml.consume import OnlineClient
from pulumi_azureml.consume.stack import Stack

CALLERS = 4


def main(count: int) -> None:
    """Ask, and print what came back."""
    stack = Stack("local")
    client = OnlineClient.from_settings(Settings.from_mapping(stack.configuration()))
    endpoint = stack.outputs()["endpointName"]
    pictures, labels = load_digits(return_X_y=True)
    half = len(labels) // 2
    asked = list(zip(pictures[half:].tolist(), labels[half:].tolist(), strict=True))[:count]
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda one: client.score(endpoint, {"data": [one[0]]}), asked))
    by = collections.Counter(answer.deployment for answer in answers)
    right = sum(answer.body[0]["digit"] == label for answer, (_, label) in zip(answers, asked, strict=True))
    who = ", ".join(f"{name} {number}" for name, number in sorted(by.items()))
    print(f"{len(answers)} answers ({who}), {right / len(answers):.1%} read correctly")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 899)
