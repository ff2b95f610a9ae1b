# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry layer of modules that run on a host."""

from __future__ import annotations

import traceback
from typing import Any, Callable, Dict

from ._errors import KilonovaError

REPORT = "https://github.com/kilonova/kilonova.compute/issues"


def run_module(module: Any, work: Callable[[Any], Dict[str, Any]]) -> None:
    """Runs ``work(module)``, whose dict is the result. A user gets one sentence for each error, never a traceback."""
    try:
        result = work(module)
    except KilonovaError as exc:
        module.fail_json(msg=exc.message, **exc.to_result())
    except Exception as exc:
        sentence = "%s in %s: %s. This is a defect of kilonova.compute: please report it with the output of -vvv at %s"
        trace = {"kilonova_traceback": traceback.format_exc()} if module._verbosity >= 3 else {}
        module.fail_json(msg=sentence % (type(exc).__name__, module._name, exc, REPORT), **trace)
    else:
        module.exit_json(**result)
