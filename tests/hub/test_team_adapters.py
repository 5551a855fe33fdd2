"""Groups train adapters in the service: for themselves alone, through what people type."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from job_runs import until_step
from processes import children_that_run, runtimes_of, until
from real_hub import Hub, body, real_hub
from team_notebooks import write_team

from jupyter_safecoder.finetune.jobs import Job
from jupyter_safecoder.hub.audit import verify
from jupyter_safecoder.hub.names import COMPLETE, TOKEN_VARIABLE, TRAIN, URL_VARIABLE, access_scope
from jupyter_safecoder.hub.teams import whole_name
from jupyter_safecoder.models import EMBEDDED, find_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
