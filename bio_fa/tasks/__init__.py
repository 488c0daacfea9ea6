"""Tasks: what a circuit is asked to learn.

A task is a description; ``task.load(seed)`` returns its ``Dataset`` with the splits ``train`` and ``test``. A task of
your own is a final subclass of ``Task`` that returns one.
"""

from __future__ import annotations

from bio_fa.tasks.base import Batch, Dataset, Split, Task
from bio_fa.tasks.digits import Digits
from bio_fa.tasks.image_folder import ImageFolder
from bio_fa.tasks.mnist import MNIST, FashionMNIST
from bio_fa.tasks.teacher_student import TeacherStudent

__all__ = [
    "MNIST",
    "Batch",
    "Dataset",
    "Digits",
    "FashionMNIST",
    "ImageFolder",
    "Split",
    "Task",
    "TeacherStudent",
]
