"""ONNX networks: input ``observations``, output ``actions``, of any number of rows."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import torch

from agents.exchange.policy import Policy
from agents.network_plans import policy_input_shape
from carracing.task import Array


def write_onnx(policy: Policy, path: Path) -> None:
    """Trace the policy of two rows by PyTorch's exporter, and note what it is of."""
    import onnx

    module = policy.portable.acting(policy.agent.snapshot().tensors)
    shape = policy_input_shape(policy.task)
    example = torch.from_numpy(np.zeros((2, *shape), policy.task.observation_dtype))
    with warnings.catch_warnings(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # of what its own next version will do
        torch.onnx.export(
            module,
            (example,),
            path,
            dynamo=True,
            external_data=False,
            input_names=["observations"],
            output_names=["actions"],
            dynamic_shapes=({0: torch.export.Dim("rows")},),
            verbose=False,
        )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, policy.origin)
    onnx.save(model, path)


def act_onnx(policy: Policy, path: Path, observations: Array) -> Array:
    """What ONNX Runtime makes of the file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    actions: Array = session.run(["actions"], {"observations": policy.inputs(observations)})[0]
    return actions


class _quiet:  # noqa: N801 - used as a function
    """Keep a logger's warnings to itself for a while."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def __enter__(self) -> None:
        self._level = self._logger.level
        self._logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level)
