"""One operation: its requests, and what is wrong with their answers."""

from __future__ import annotations

import copy
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from world import World, WorldOf

EXAMPLES = int(os.environ.get("NATTER_OPENAPI_EXAMPLES", "8"))
"""Generated requests of each sort; more of them find more and take longer."""
SEED = int(os.environ.get("NATTER_OPENAPI_SEED", "20240101"))
ANSWER_SECONDS_MAX = 20
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Verdict:
    """What became of an operation's requests."""

    label: str
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    without_success: str = ""

    @property
    def calls(self) -> int:
        return self.statuses.total()

    def line(self) -> str:
        """The operation, how many answers were 2xx, and all statuses."""
        good = sum(count for status, count in self.statuses.items() if 200 <= status < 300)
        others = " ".join(f"{status}:{count}" for status, count in sorted(self.statuses.items()))
        return f"{good:3} of {self.calls:3} are 2xx  {self.label}  ({others})"

    def problems(self) -> list[str]:
        """Why the operation fails; none if it does not."""
        has_success = any(200 <= status < 300 for status in self.statuses)
        problems = list(self.failures.values())
        if self.without_success and has_success:
            problems.append(f"it has a 2xx, although its world says: {self.without_success}")
        elif not has_success and not self.without_success:
            problems.append("no answer was a 2xx")
        return problems


def judge(base: str, operation: APIOperation, world_of: WorldOf) -> Verdict:
    """Calls an operation in every way."""
    verdict, world = Verdict(operation.label), world_of(base)
    name = operation.definition.raw["operationId"]
    verdict.without_success = world.without_success.get(name, "")
    cases = {mode: generated(operation, mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)}
    send(verdict, base, sound(operation, name, world, cases[GenerationMode.POSITIVE]), world)
    world = world_of(base)
    for mode, some in cases.items():
        for place, case in enumerate(some):
            # Every other one is about things that are there, so that it gets beyond "not found".
            if place % 2 == 0:
                known(case, name, world, with_body=mode == GenerationMode.POSITIVE)
            send(verdict, base, case, world)
    return verdict


def sound(operation: APIOperation, name: str, world: World, some: list[Case]) -> Case:
    """A request that has to be answered with success: no parameters but known and required ones."""
    like = some[0] if some else operation.Case()
    required = {parameter.name for parameter in operation.query if parameter.is_required}
    case = operation.Case(
        path_parameters=copy.deepcopy(like.path_parameters),
        query={key: value for key, value in (like.query or {}).items() if key in required},
        body=NOT_SET if like.body is NOT_SET else copy.deepcopy(like.body),
        media_type=like.media_type,
    )
    known(case, name, world, with_body=True)
    for parameter in operation.query:
        has, value = world.value(name, parameter.name)
        if has and parameter.is_required:
            case.query[parameter.name] = value
    if name in world.bodies:
        case.body = copy.deepcopy(world.bodies[name])
        case.media_type = next(iter(operation.body)).media_type
    return case


def known(case: Case, name: str, world: World, *, with_body: bool) -> None:
    """Puts what is there in the place of what was generated."""
    for part in (case.path_parameters, case.query, case.body if with_body else None):
        if isinstance(part, dict):
            for key in part:
                has, value = world.value(name, key)
                if has:
                    part[key] = copy.deepcopy(value)


def generated(operation: APIOperation, mode: GenerationMode) -> list[Case]:
    """The same requests each time. None where a schema allows everything or nothing."""
    cases: list[Case] = []

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        cases.append(case)

    try:
        collect()
    except (hypothesis.errors.Unsatisfiable, hypothesis.errors.UnsatisfiedAssumption):
        pass
    return cases


def send(verdict: Verdict, base: str, case: Case, world: World) -> None:
    """Sends a request as the world's caller and notes what is wrong with the answer, once for each kind."""
    case.headers = {**(case.headers or {}), **world.headers}
    if case.body is NOT_SET and case.media_type is None:
        case.headers.pop("Content-Type", None)
    response = case.call(base_url=base, timeout=ANSWER_SECONDS_MAX)
    verdict.statuses[response.status_code] += 1
    try:
        case.validate_response(response, checks=CHECKS)
    except (Failure, FailureGroup) as failure:
        for each in getattr(failure, "exceptions", [failure]):
            kind = f"{type(each).__name__} {response.status_code}"
            verdict.failures.setdefault(kind, described(each, case, response.content))


def described(failure: Exception, case: Case, answer: Any) -> str:
    """A failure for people."""
    said = f"{failure}".strip()
    shown = bytes(answer[:500]).decode(errors="replace")
    return f"{type(failure).__name__}: {said[:800]}\nanswer: {shown}\nrequest: {case.as_curl_command()[:800]}"
