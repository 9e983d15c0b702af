"""Callbacks: what happens at the stages of training."""

from runtime.callbacks.base import Callback as Callback
from runtime.callbacks.base_logger import BaseLogger as BaseLogger
from runtime.callbacks.batch_logs import BatchLogs as BatchLogs
from runtime.callbacks.callback_list import CallbackList as CallbackList
from runtime.callbacks.csv_logger import CSVLogger as CSVLogger
from runtime.callbacks.early_stopping import EarlyStopping as EarlyStopping
from runtime.callbacks.history import History as History
from runtime.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from runtime.callbacks.learning_rate_scheduler import LearningRateScheduler as LearningRateScheduler
from runtime.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from runtime.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from runtime.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from runtime.callbacks.remote_monitor import RemoteMonitor as RemoteMonitor
from runtime.callbacks.tensorboard import TensorBoard as TensorBoard
from runtime.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN

__all__ = [
    "BaseLogger",
    "BatchLogs",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]
