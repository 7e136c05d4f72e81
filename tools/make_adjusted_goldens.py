"""Adjusted p-values by statsmodels, for test/golden/adjusted_p.json.

    python -m venv .venv && .venv/bin/pip install -r tools/requirements-stats.txt
    .venv/bin/python tools/make_adjusted_goldens.py

Lists of p-values with ties, zeros, ones, one alone, and of random ones, each adjusted by `multipletests` (Holm,
Benjamini-Hochberg) and by scipy's `false_discovery_control`, which must agree.
"""

import json
import pathlib

import numpy as np
import scipy
import statsmodels
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

OUT = pathlib.Path(__file__).parent.parent / "test" / "golden" / "adjusted_p.json"

# Benjamini and Hochberg 1995, section 4.1: fifteen endpoints of a trial of thrombolysis.
TRIAL = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0]


def lists() -> list[list[float]]:
    rng = np.random.default_rng(7)
    drawn = [np.round(rng.beta(0.4, 1, size), 6).tolist() for size in (2, 5, 20, 60)]
    return [TRIAL, [0.03], [0.0, 1.0, 0.0], [0.04, 0.01, 0.04, 0.01], [1.0, 1.0], *drawn]


def main() -> None:
    cases = []
    for ps in lists():
        bh = multipletests(ps, method="fdr_bh")[1]
        assert np.allclose(bh, false_discovery_control(ps, method="bh"), rtol=0, atol=1e-15)
        cases.append({"p": ps, "holm": multipletests(ps, method="holm")[1].tolist(), "bh": bh.tolist()})
    golden = {"versions": {"statsmodels": statsmodels.__version__, "scipy": scipy.__version__}, "cases": cases}
    OUT.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
