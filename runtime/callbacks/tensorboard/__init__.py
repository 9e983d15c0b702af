"""The TensorBoard callback: everything that it writes, one kind a module."""

from runtime.callbacks.tensorboard.callback import TensorBoard as TensorBoard

__all__ = ["TensorBoard"]
