"""Agreement with R: nlme 3.1, lme4, lmerTest and pbkrtest (see shared/reference/lmm/README.md)."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.analysis.stats.ar1 import contrast_ar1, fit_ar1
from nof1sim.analysis.stats.df import contrast
from nof1sim.analysis.stats.mixed import blups, fit_mixed

SETS = ("acne10x140", "boundary8x60", "irregular9", "missing8x84", "single1x56", "unbalanced12")
MODELS = (
    "lme_ri", "lme_rs", "lme_rsdiag", "lme_ri_ar1", "lme_rs_ar1", "lme_rsdiag_ar1", "lme_ri_car1", "lmer_ri", "lmer_rs",
    "gls_ar1", "gls_car1", "gls_iid",
)  # fmt: skip


def fit_like(model: str, data, names, method: str):
    y, x, group, time = data
    z = x[:, :0] if model.startswith("gls") else x[:, :1] if "_ri" in model else x
    ending = model.rsplit("_", 1)[-1]
    residual = ending if ending in ("ar1", "car1") else "independent"
    slopes = "diagonal" if "rsdiag" in model else "full"
    return fit_mixed(y, x, z, group, time, names=names, residual=residual, slopes=slopes, method=method.lower())


def values(of: dict) -> np.ndarray:
    return np.array(list(of.values()))


def fitted(name: str, model: str) -> bool:
    """Whether R fitted this: no whole days in irregular9, one patient in single1x56."""
    if name == "irregular9":
        return not model.endswith("_ar1")
    return name != "single1x56" or model.startswith("gls")


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize(("name", "model"), [(n, m) for n in SETS for m in MODELS if fitted(n, m)])
def test_fits_agree(reference, name, model, method):
    facts, data, _ = reference(name)
    known = facts[method][model]
    fit = fit_like(model, data, list(known["beta"]), method)
    exact = known["exact"]
    assert fit.converged
    np.testing.assert_allclose(fit.loglik, exact["logLik"], atol=1e-6)
    np.testing.assert_allclose(fit.beta, values(exact["beta"]), rtol=2e-6)
    np.testing.assert_allclose(fit.se, values(exact["se"]), rtol=2e-6)
    if exact["G"]:
        np.testing.assert_allclose(fit.G, exact["G"], atol=1e-5 * max(1.0, np.max(exact["G"])))
    if not known["trusted"]:
        return
    slopes = "_rs" in model
    scale = np.sqrt(fit.n / (fit.n - fit.beta.size)) if model.startswith("gls") and method == "ML" else 1.0
    np.testing.assert_allclose(fit.loglik, known["logLik"], atol=1e-4)
    np.testing.assert_allclose(fit.beta, values(known["beta"]), rtol=3e-4 if slopes else 1e-5)
    np.testing.assert_allclose(fit.se * scale, values(known["se"]), rtol=3e-4 if slopes else 1e-5)
    np.testing.assert_allclose(fit.aic, known["AIC"], atol=2e-4)


@pytest.mark.parametrize("model", ["ri", "rs"])
@pytest.mark.parametrize("name", SETS[:4] + SETS[5:])
def test_degrees_of_freedom_agree(reference, name, model):
    facts, data, _ = reference(name, "kr")
    known = facts[model]
    fit = fit_like(f"lmer_{model}", data, list(known["beta"]), "REML")
    for j, effect in enumerate(known["beta"]):
        c = np.eye(fit.beta.size)[j]
        adjusted = contrast(fit, c, "kenward-roger")
        np.testing.assert_allclose(adjusted.df, known["df_kr"][effect], rtol=1e-4)
        np.testing.assert_allclose(adjusted.se, known["se_kr"][effect], rtol=3e-4)
        if not known["singular"]:
            np.testing.assert_allclose(contrast(fit, c).df, known["df_satterthwaite"][effect], atol=5e-3)
        elif model == "rs":
            assert contrast(fit, c).df <= fit.groups - 1


NUGGETS = [(n, m) for n in SETS[1:] for m in ("gls_exp_nugget", "lme_ri_exp_nugget") if fitted(n, m)]


@pytest.mark.parametrize(("name", "model"), NUGGETS)
def test_nugget_agrees(reference, name, model):
    facts, (y, x, group, time), _ = reference(name, "nugget")
    known = facts[model]
    z = x[:, : int(model.startswith("lme"))]
    fit = fit_mixed(y, x, z, group, time, names=list(known["beta"]), residual="ar1_nugget")
    assert fit.converged
    assert fit.loglik > known["logLik"] - 1e-6  # R may stop short, never beyond
    np.testing.assert_allclose(fit.loglik, known["logLik"], atol=5e-4)
    np.testing.assert_allclose(fit.se, values(known["se"]), rtol=3e-4)
    np.testing.assert_allclose(fit.phi, known["phi"], atol=3e-4)
    np.testing.assert_allclose(fit.nugget, known["nugget"], atol=3e-4)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("name", [s for s in SETS if s != "irregular9"])
def test_single_patient_regressions_agree(reference, name, method):
    facts, (y, x, group, time), _ = reference(name)
    seen = 0
    for patient, known in facts[method]["per_patient_gls_ar1"].items():
        rows = group == int(patient)
        if not known.get("ok") or not known.get("trusted") or np.linalg.matrix_rank(x[rows]) < x.shape[1]:
            continue
        fit = fit_ar1(y[rows], x[rows], time[rows], reml=method == "REML")
        np.testing.assert_allclose(fit.loglik, known["exact_logLik"], atol=1e-6)
        np.testing.assert_allclose(fit.phi, known["exact_phi"], atol=1e-6)
        np.testing.assert_allclose(fit.beta, values(known["exact_beta"]), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(np.sqrt(np.diag(fit.cov)), values(known["exact_se"]), rtol=1e-5)
        seen += 1
    assert seen


def test_containment_is_nlmes(reference):
    facts, data, _ = reference("acne10x140")
    known = facts["REML"]["lme_ri"]
    assert contrast(fit_like("lme_ri", data, list(known["beta"]), "REML"), [0, 1, 0], "containment").df == 1388


def test_blups_agree(reference):
    facts, data, _ = reference("unbalanced12")
    known = facts["REML"]["lme_rs"]
    found = blups(fit_like("lme_rs", data, list(known["beta"]), "REML"))
    np.testing.assert_allclose(found.value[0], values(known["blup_first"]), rtol=1e-3)


def test_fast_regression_tests_as_the_general_one(reference):
    _, (y, x, group, time), _ = reference("missing8x84")
    rows = group == 2
    c = np.array([0.0, 1.0])
    fast = fit_ar1(y[rows], x[rows], time[rows])
    slow = fit_mixed(y[rows], x[rows], x[rows][:, :0], group[rows], time[rows], names=["a", "b"], residual="ar1")
    for df in ("kenward-roger", "satterthwaite"):
        a, b = contrast_ar1(fast, c, df), contrast(slow, c, df)
        np.testing.assert_allclose([a.estimate, a.se, a.df], [b.estimate, b.se, b.df], rtol=1e-5)
