"""Ways to run a function that launches kernels: in Triton's interpreter, and on a GPU."""

from __future__ import annotations

import importlib
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

import pytest
import torch
from torch import Tensor

Launch = Callable[..., Any]


def interpreted(
    function: Callable[..., Any], *arguments: Any, written: Tensor | None = None
) -> Any:
    """Call a function in a process in which kernels are interpreted.

    Triton chooses between interpreting and compiling when it is imported, and other tests of this
    process may compile.

    Args:
        function: a function of a module.
        arguments: its arguments.
        written: the argument of this name, which it writes into.
    """
    call = pickle.dumps((function.__module__, function.__name__, arguments, written))
    result, after = pickle.loads(_interpreter().submit(_answer, call).result())
    if written is not None:
        written.copy_(after)
    return result


def on_cuda(function: Callable[..., Any], *arguments: Any, written: Tensor | None = None) -> Any:
    """Call a function with its tensors on the GPU, and bring back what it returns or writes."""
    after = _to("cuda", written)
    result = function(*_to("cuda", arguments), **_written(after))
    if written is not None:
        written.copy_(after)
    return _to("cpu", result)


def _written(tensor: Tensor | None) -> dict[str, Tensor]:
    return {} if tensor is None else {"written": tensor}


def _to(device: str, value: Any) -> Any:
    if isinstance(value, tuple):
        parts = [_to(device, part) for part in value]
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    return value.to(device) if isinstance(value, Tensor) else value


no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
no_triton = pytest.mark.skipif(
    find_spec("triton") is None,
    reason="Triton is not installed: PyTorch brings it along on Linux only",
)
launched = pytest.mark.parametrize(
    "launch",
    [
        pytest.param(interpreted, id="interpreter", marks=no_triton),
        pytest.param(on_cuda, id="cuda", marks=[no_triton, no_cuda]),
    ],
)


@cache
def _interpreter() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_interpret)


def _interpret() -> None:
    os.environ["TRITON_INTERPRET"] = "1"  # before anything imports Triton
    torch.set_num_threads(1)


def _answer(call: bytes) -> bytes:
    module, name, arguments, written = pickle.loads(call)
    function = getattr(importlib.import_module(module), name)
    return pickle.dumps((function(*arguments, **_written(written)), written))


def compiled(
    kernel: Any, architecture: int, types: dict[str, str], **constants: float | str
) -> bytes:
    """Compile a kernel to machine code for GPUs of an architecture; none has to be there.

    Args:
        kernel: the kernel, as decorated.
        architecture: 80 or 90, say.
        types: of the arrays that do not hold float32: "*fp16" for float16.
        constants: the parameters that are fixed when it is compiled.
    """
    from triton import compile
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from model_playground.losses.kernels.triton_language import FUSED

    kinds = {"constexpr": "constexpr", "Pointer": "*fp32", "Number": "i32"}
    signature = {one.name: types.get(one.name, kinds[one.annotation]) for one in kernel.params}
    source = ASTSource(kernel, signature, constexprs=constants)
    target = GPUTarget("cuda", architecture, 32)
    code: bytes = compile(source, target=target, options=dict(FUSED)).asm["cubin"]
    return code
