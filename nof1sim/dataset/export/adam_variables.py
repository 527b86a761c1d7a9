"""The variables of ADSL and ADQS: name, label, type, where they come from. Names and labels as in CDISC's ADaMIG 1.3.

A crossover says its planned order in TRTSEQP; the xx of TRTxxP, APxxSDT and TRxxSDT counts its treatment periods.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MOST_PERIODS = 99
"""The xx of TRTxxP has two digits."""
NAME = re.compile(r"[A-Z][A-Z0-9]{0,7}")
LONGEST_LABEL = 40

NOTE = (
    "Flavoured like CDISC ADaM, and no submission: not Define-XML, not checked with CDISC's conformance rules, dates "
    "are ISO 8601 text. SITEID and RACE, which ADSL requires, are left out: nof1sim simulates neither."
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A column. `kind`: text, integer, float or date."""

    name: str
    label: str
    kind: str
    origin: str

    def document(self) -> dict[str, Any]:
        """Its entry in define.json."""
        return {"name": self.name, "label": self.label, "type": self.kind, "origin": self.origin}


def _table(text: str) -> tuple[Variable, ...]:
    return tuple(Variable(*(cell.strip() for cell in line.split("|"))) for line in text.strip().splitlines())


_WHO = """
STUDYID  | Study Identifier                | text | The protocol's name
USUBJID  | Unique Subject Identifier       | text | STUDYID and SUBJID
SUBJID   | Subject Identifier for the Study | text | patient_id
"""

ADSL = _table(
    _WHO
    + """
AGE      | Age                             | integer | truth/patients.csv, whole years; empty without truth/
AGEU     | Age Units                       | text | YEARS
SEX      | Sex                             | text | truth/patients.csv; empty without truth/
ARM      | Description of Planned Arm      | text | As TRTSEQP
ACTARM   | Description of Actual Arm       | text | As ARM: everybody is given what was assigned
TRTSEQP  | Planned Sequence of Treatments  | text | Treatment periods in order
TRTSDT   | Date of First Exposure to Treatment | date | First day of the first treatment period
TRTEDT   | Date of Last Exposure to Treatment | date | Last day of treatment before the end of study
EOSSTT   | End of Study Status             | text | COMPLETED or DISCONTINUED
EOSDT    | End of Study Date               | date | Last day in the study
ITTFL    | Intent-To-Treat Population Flag | text | Y: has a treatment period
SAFFL    | Safety Population Flag          | text | Y: was in the study on a day of treatment
COMPLFL  | Completers Population Flag      | text | Y: did not leave
""".lstrip()
)
"""After these come those of `period_variables`, for each treatment period."""

ADQS = _table(
    _WHO
    + """
TRTSEQP  | Planned Sequence of Treatments  | text | ADSL
PARAMCD  | Parameter Code                  | text | See parameters
PARAM    | Parameter                       | text | See parameters
PARCAT1  | Parameter Category 1            | text | OBSERVED, or TRUTH for what only a simulator knows
AVAL     | Analysis Value                  | float | The value recorded; DTYPE AVERAGE: the mean of the run-in
AVALC    | Analysis Value (C)              | text | AVAL as text
BASE     | Baseline Value                  | float | Mean of AVAL over the run-in; empty without one
CHG      | Change from Baseline            | float | AVAL - BASE from the first day of treatment on
ABLFL    | Baseline Record Flag            | text | Y: the record of DTYPE AVERAGE
DTYPE    | Derivation Type                 | text | AVERAGE for the baseline record; empty: as recorded
ADT      | Analysis Date                   | date | date; of the baseline record the last day of the run-in
ADY      | Analysis Relative Day           | integer | ADT - TRTSDT, + 1 from TRTSDT on: there is no day 0
AVISIT   | Analysis Visit                  | text | Day of the study, or Baseline
AVISITN  | Analysis Visit (N)              | integer | Day of the study from 1; 0 for Baseline
ATPTN    | Analysis Timepoint (N)          | integer | Occasion of the day
APHASE   | Phase                           | text | RUN-IN, TREATMENT or WASHOUT
APERIOD  | Period                          | integer | Number of the treatment period; empty without treatment
APERIODC | Period (C)                      | text | PERIOD and its number
TRTP     | Planned Treatment               | text | Treatment of the day; empty without treatment
TRTPN    | Planned Treatment (N)           | integer | Its place among the protocol's arms, from 1
ANL01FL  | Analysis Flag 01                | text | Y: recorded, on a day of treatment
""".lstrip()
)


def period_variables(number: int) -> tuple[Variable, ...]:
    """ADSL's variables of a treatment period (from 1)."""
    xx = f"{number:02d}"
    return (
        Variable(f"TRT{xx}P", f"Planned Treatment for Period {xx}", "text", "The treatment period's label"),
        Variable(f"AP{xx}SDT", f"Period {xx} Start Date", "date", "Its first day, as planned"),
        Variable(f"AP{xx}EDT", f"Period {xx} End Date", "date", "Its last day, as planned"),
        Variable(f"TR{xx}SDT", f"Date of First Exposure in Period {xx}", "date", "As planned; empty if not reached"),
        Variable(f"TR{xx}EDT", f"Date of Last Exposure in Period {xx}", "date", "Or the last day in the study"),
    )
