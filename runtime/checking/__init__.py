"""Finds all the problems of a file, where reading it stops at the first."""

from runtime.checking.files import Report as Report
from runtime.checking.files import check_file as check_file
from runtime.checking.problem import Problem as Problem

__all__ = ["Problem", "Report", "check_file"]
