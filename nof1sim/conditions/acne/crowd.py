"""The sites that a lesion crowds out, compiled."""

from __future__ import annotations

from nof1sim.conditions.cells import reach

from .compiled import njit

CELL_MM = 4.0
"""Side of the cells that sites are sorted by: about as far as a papule keeps others away."""
CLEARANCE_MM = 1.2
"""[D] A new lesion's centre keeps so far from the rim of an inflammatory one, at its largest: no pile-ups."""
NOT_ELIGIBLE = -1


@njit(inline="always")
def _cells(site, far, near):
    """Columns and rows of cells, first and last, that hold all within `far` of a site. near : Cells of the sites."""
    columns = reach(near.low_x_mm, near.side_mm, near.columns, near.x_mm[site], far)
    return columns, reach(near.low_y_mm, near.side_mm, near.rows, near.y_mm[site], far)


@njit(inline="always")
def _is_near(site, other, far, near):
    across, along = near.x_mm[other] - near.x_mm[site], near.y_mm[other] - near.y_mm[site]
    return across * across + along * along <= far * far


@njit(inline="always")
def crowd_out(classes, site, diameter_mm, near):
    """No lesion begins beneath or against this one: it and the sites around it become NOT_ELIGIBLE."""
    far = diameter_mm / 2.0 + CLEARANCE_MM
    columns, rows = _cells(site, far, near)
    for row in range(rows[0], rows[1] + 1):
        cell = row * near.columns
        for k in range(near.first[cell + columns[0]], near.first[cell + columns[1] + 1]):
            if _is_near(site, near.member[k], far, near):
                classes[near.member[k]] = NOT_ELIGIBLE


@njit(inline="always")
def press(pressed, site, diameter_mm, by, near):
    """Add `by` to the count of lesions that crowd out each site, for it and the sites around it."""
    far = diameter_mm / 2.0 + CLEARANCE_MM
    columns, rows = _cells(site, far, near)
    for row in range(rows[0], rows[1] + 1):
        cell = row * near.columns
        for k in range(near.first[cell + columns[0]], near.first[cell + columns[1] + 1]):
            if _is_near(site, near.member[k], far, near):
                pressed[near.member[k]] += by
