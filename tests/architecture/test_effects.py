"""Every place that makes something durable says so by a name of its own in `Effect`.

Three rules, and the database has a fourth: a transaction without an effect cannot write.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from reel_kernel.effects import Effect
from reel_testing.tree import ROOT, source_modules

BACK_END: Final = ("services", "libs/db", "libs/http", "libs/messaging", "libs/storage")
CLIENTS: Final = re.compile(r"_?(client|http)")
"""Receivers that are a server's own client."""
READS: Final = {
    *("head_bucket", "head_object", "get_object", "get_paginator"),
    *("get_queue_attributes", "get_queue_url", "receive_message"),
    "change_message_visibility",  # decides when a message is shown, not whether
}
PRIMITIVES: Final = {
    *("create_multipart_upload", "complete_multipart_upload", "abort_multipart_upload"),
    *("put_object", "delete_object", "delete_objects"),
    *("send_message", "delete_message", "post", "create_invalidation"),
}
"""Operations that write; each is wrapped by one of WRITERS, whose callers name the effect."""
WRITERS: Final = {
    "multipart": {"create", "complete", "abort"},
    "objects": {"put_file", "put_bytes", "delete", "delete_prefix"},
    "queue": {"delete"},
    "dead_letters": {"send"},
    "sender": {"send"},
    "self": {"publish", "send"},
    "cdn": {"forget"},
    "cache": {"forget"},
}
"""By receiver, underscores aside."""
WRAPPERS: Final = {"_delete_batch", *(name for names in WRITERS.values() for name in names)}
SQL_CALLS: Final = {"execute", "executemany", "fetch", "fetchrow", "fetchval"}
CONNECTS: Final = {"libs/db/src/reel_db/pool.py", "libs/db/src/reel_db/health.py"}
LISTENS: Final = {"libs/messaging/src/reel_messaging/listen.py"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def back_end() -> Iterator[tuple[str, ast.Module]]:
    for path in source_modules():
        name = str(path.relative_to(ROOT))
        if name.startswith(BACK_END) and "migrations" not in path.parts:
            yield name, ast.parse(path.read_text())


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def own_calls(function: Function) -> Iterator[ast.Call]:
    """Yield the calls of a function, without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def receiver(call: ast.Call) -> str:
    """Return the name before the last dot: `objects` of `self._objects.delete(…)`."""
    match call.func:
        case ast.Attribute(value=ast.Attribute(attr=name)) | ast.Attribute(value=ast.Name(id=name)):
            return name.strip("_")
        case _:
            return ""


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def unnamed_writes(tree: ast.AST) -> Iterator[str]:
    """Yield the functions that have something written outside, and name no effect."""
    for function in functions(tree):
        calls = list(own_calls(function))
        writes = [
            f"{receiver(call)}.{called(call)}"
            for call in calls
            if called(call) in WRITERS.get(receiver(call), set())
        ]
        names_it = any(called(call) == "happened" for call in calls)
        if writes and not names_it and function.name not in WRAPPERS:
            yield f"{function.name} calls {', '.join(writes)}"


def unknown_operations(tree: ast.AST) -> Iterator[str]:
    """Yield what is asked of a server that is neither a read nor wrapped."""
    for function in functions(tree):
        for call in own_calls(function):
            operation = called(call)
            is_wrapped = operation in PRIMITIVES and function.name in WRAPPERS
            if CLIENTS.fullmatch(receiver(call)) and not is_wrapped and operation not in READS:
                yield f"{function.name} calls {operation}"


def writes_past_transactions(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield statements that commit by themselves, and connections taken for them."""
    selects = {
        target.id
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(target := node.target, ast.Name)
        if node.value is not None and _reads(node.value)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if receiver(call) != "pool":
            continue
        if called(call) == "acquire" and name not in CONNECTS | LISTENS:
            yield f"{name}:{call.lineno} takes a connection"
        if called(call) in SQL_CALLS and not (
            isinstance(call.args[0], ast.Name) and call.args[0].id in selects
        ):
            yield f"{name}:{call.lineno} writes without a transaction"


def _reads(value: ast.expr) -> bool:
    text = ast.unparse(value)
    return "select" in text.lower() and not re.search(r"\b(INSERT|UPDATE|DELETE)\b (?!OF)", text)


def test_every_effect_is_named_at_one_place() -> None:
    named = Counter(
        node.attr
        for _, tree in back_end()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Effect"
    )

    assert named == Counter(effect.name for effect in Effect)


def test_what_is_written_outside_is_an_effect() -> None:
    assert [f"{name}: {what}" for name, tree in back_end() for what in unnamed_writes(tree)] == []


def test_every_operation_is_a_read_or_an_effect() -> None:
    found = [f"{name}: {what}" for name, tree in back_end() for what in unknown_operations(tree)]

    assert found == []


def test_nothing_is_written_past_a_transaction() -> None:
    found = [what for name, tree in back_end() for what in writes_past_transactions(name, tree)]

    assert found == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("async def purge(self): await self._objects.delete('k')", "purge calls objects.delete"),
        ("async def move(self): await self._client.copy_object()", "move calls copy_object"),
        ("async def move(self): await self._client.put_object()", "move calls put_object"),
        ("async def forget(pool): await pool.execute('DELETE FROM t')", "x:1 writes without"),
        ("async def forget(self): await self._pool.acquire()", "x:1 takes a connection"),
        ("D: str = 'DELETE FROM t'\nasync def f(pool): await pool.execute(D)", "x:2 writes"),
    ],
)
def test_the_rules_notice_a_violation(source: str, complaint: str) -> None:
    tree = ast.parse(source)

    found = [
        *unnamed_writes(tree),
        *unknown_operations(tree),
        *writes_past_transactions("x", tree),
    ]

    assert [one for one in found if one.startswith(complaint)]
